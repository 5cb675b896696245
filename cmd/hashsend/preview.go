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

	"hashsend/bridge/frommail"
)

// newPreviewCommand returns `hashsend preview`, which shows what a room would get
// of mails. It reads no configuration and opens no connection.
func newPreviewCommand() *cobra.Command {
	var asJSON, why bool
	cmd := &cobra.Command{
		Use:   "preview [FILE...]",
		Short: "Show what a room would get of a mail",
		Long: "Reads mails from the files, or one from standard input (also named by -), and\n" +
			"prints what a room would show of each: who wrote, the text without quotes and\n" +
			"signature, the files, or what there is to tell instead. Nothing is sent, and no\n" +
			"configuration is needed.",
		Example:      "  hashsend preview answer.eml\n  hashsend preview --why answer.eml\n  hashsend preview --json Maildir/cur/*",
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
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line for each mail, in order")
	cmd.Flags().BoolVar(&why, "why", false, "say which rule left out what, and how sure it is")
	return cmd
}

// previewFiles shows all mails, those behind one that cannot be read as well, and
// then says how many could not.
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
		return fmt.Errorf("%d of %d files could not be read: see the line of each", unread, len(files))
	}
	return nil
}

// previewFile shows one mail. The error is one of reading the file.
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

// errorKeeper remembers why its source failed.
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

// printShown writes a preview for people.
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
		line("Kind:    %s, because of: %s", s.Kind, s.Rule)
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

// printCut says what was left out: in a line, or piece by piece with its rule.
func printCut(line func(format string, args ...any), s frommail.Shown, why bool) {
	if len(s.Cut) > 0 && !why {
		var kinds []string
		for _, c := range s.Cut {
			kinds = append(kinds, c.Kind)
		}
		line("\nLeft out: %s (--why says more)", strings.Join(kinds, ", "))
	}
	if !why {
		return
	}
	for i, c := range s.Cut {
		if i == 0 {
			line("")
		}
		lines := strings.Split(strings.TrimSpace(c.Text), "\n")
		line("Left out: %s, %d lines, rule %q", c.Kind, len(lines), c.Rule)
		for _, l := range lines[:min(len(lines), 3)] {
			line("  | %s", l)
		}
		if len(lines) > 3 {
			line("  | …")
		}
	}
	line("\nSure to %.0f %%", 100*s.Confidence)
	for _, p := range s.Problems {
		line("Repaired: %s", p)
	}
}

// forTerminal leaves out what a terminal would obey.
func forTerminal(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
}
