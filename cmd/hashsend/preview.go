package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"hashsend/bridge/core"
	"hashsend/bridge/frommail"
)

// newPreviewCommand returns `hashsend preview`, which shows how a room would show an email.
// It reads no configuration and opens no connection.
func newPreviewCommand() *cobra.Command {
	var asJSON, why bool
	cmd := &cobra.Command{
		Use:   "preview [FILE...]",
		Short: "Show how an email would appear in a room",
		Long: "Reads emails from the files, or one from standard input (-), and prints how a room\n" +
			"would show each: the sender, the text without quotes and signature, the files, or\n" +
			"a notice. It sends nothing and needs no configuration.",
		Example:      "  hashsend preview reply.eml\n  hashsend preview --why reply.eml\n  hashsend preview --json Maildir/cur/*",
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, files []string) error {
			if len(files) == 0 {
				files = []string{"-"}
			}
			show := func(w io.Writer, s frommail.Shown) error { return printShown(w, s, why) }
			if asJSON {
				show = printShownJSON
			}
			return previewFiles(files, cmd.InOrStdin(), cmd.OutOrStdout(), show)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line for each email, in order")
	cmd.Flags().BoolVar(&why, "why", false, "show which rule removed each part, and the confidence")
	return cmd
}

// previewFiles shows all emails. If some can't be read, it goes on and returns an error with
// their number.
func previewFiles(files []string, stdin io.Reader, out io.Writer, show func(io.Writer, frommail.Shown) error) error {
	unread := 0
	for _, name := range files {
		s, err := previewFile(name, stdin)
		if err != nil {
			s.Error = err.Error()
			unread++
		}
		s.File = name
		if err := show(out, s); err != nil {
			return fmt.Errorf("print the preview: %w", err)
		}
	}
	if unread > 0 {
		return fmt.Errorf("couldn't read %d of %d files; the output says why", unread, len(files))
	}
	return nil
}

// previewFile returns the preview of one email. The error is from reading the file.
func previewFile(name string, stdin io.Reader) (frommail.Shown, error) {
	r := &errorKeeper{r: stdin}
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			s := frommail.Preview(strings.NewReader(""))
			s.Notice = ""
			return s, err
		}
		defer f.Close() //nolint:errcheck // it is only read
		r.r = f
	}
	s := frommail.Preview(r)
	return s, r.err
}

// errorKeeper is a reader that keeps the error of its source.
type errorKeeper struct {
	r   io.Reader
	err error
}

func (k *errorKeeper) Read(p []byte) (int, error) {
	n, err := k.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		k.err = err
	}
	return n, err
}

func printShownJSON(w io.Writer, s frommail.Shown) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(s)
}

// printShown prints a preview as text.
func printShown(w io.Writer, s frommail.Shown, why bool) error {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	if s.Error != "" {
		line("== %s: %s", s.File, s.Error)
		if s.From.Address == "" && s.Text == "" {
			line("")
			_, err := io.WriteString(w, forTerminal(b.String()))
			return err
		}
	} else {
		line("== %s: %s", s.File, s.Kind)
	}
	from := s.From.Address
	if s.From.Name != "" {
		from = fmt.Sprintf("%s <%s>", s.From.Name, from)
	}
	line("From:    %s", from)
	line("Subject: %s", s.Subject)
	if why {
		line("Kind:    %s (rule: %s)", s.Kind, s.Rule)
	}
	if s.Notice != "" {
		line("\n%s", s.Notice)
	}
	if s.Text != "" {
		line("\n%s", s.Text)
	}
	if s.Below != "" {
		line("\n%s", s.Below)
	}
	for i, f := range s.Attachments {
		if i == 0 {
			line("")
		}
		line("File: %s (%s, %d bytes)", f.Name, f.Type, f.Size)
	}
	printCut(line, s, why)
	line("")
	_, err := io.WriteString(w, forTerminal(b.String()))
	return err
}

// printCut prints which parts were removed: in one line, or with why, each with its rule.
func printCut(line func(format string, args ...any), s frommail.Shown, why bool) {
	if len(s.Cut) > 0 && !why {
		var kinds []string
		for _, c := range s.Cut {
			kinds = append(kinds, c.Kind)
		}
		line("\nRemoved: %s (use --why for details)", strings.Join(kinds, ", "))
	}
	if !why {
		return
	}
	for i, c := range s.Cut {
		if i == 0 {
			line("")
		}
		lines := strings.Split(strings.TrimSpace(c.Text), "\n")
		line("Removed: %s, %s, rule %q", c.Kind, core.Quantity(len(lines), "line", "lines"), c.Rule)
		for _, l := range lines[:min(len(lines), 3)] {
			line("  | %s", l)
		}
		if len(lines) > 3 {
			line("  | …")
		}
	}
	line("\nConfidence: %.0f%%", 100*s.Confidence)
	for _, p := range s.Problems {
		line("Repaired: %s", p)
	}
}

// forTerminal removes control characters, which a terminal would obey.
func forTerminal(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
}
