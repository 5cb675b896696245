package mail

import "strings"

// uuFile is a file that stands in a text (POSIX, uuencode).
type uuFile struct {
	name string
	size int64
	data string // its lines
}

// withoutUU takes the files out of a text that programs before MIME put there:
// from "begin MODE NAME" to "end". What only looks like one stays.
func withoutUU(text string) (rest string, files []uuFile) {
	if !strings.HasPrefix(text, "begin ") && !strings.Contains(text, "\nbegin ") {
		return text, nil
	}
	var b strings.Builder
	for text != "" {
		line, after, _ := strings.Cut(text, "\n")
		if name, is := uuBegin(line); is {
			if size, end, ok := uuData(after); ok {
				files = append(files, uuFile{name, size, after[:len(after)-len(end)]})
				text = end
				continue
			}
		}
		b.WriteString(text[:len(text)-len(after)])
		text = after
	}
	return b.String(), files
}

// uuBegin reads the line above a file.
func uuBegin(line string) (name string, ok bool) {
	rest, ok := strings.CutPrefix(line, "begin ")
	if !ok {
		return "", false
	}
	mode, name, ok := strings.Cut(rest, " ")
	if !ok || len(mode) < 3 || len(mode) > 4 || strings.Trim(mode, "01234567") != "" {
		return "", false
	}
	return cleanFileName(name), true
}

// uuData reads the lines of a file and returns what stands behind them. A text that
// ends before the file does was cut off.
func uuData(text string) (size int64, rest string, ok bool) {
	lines := 0
	for text != "" {
		line, after, _ := strings.Cut(text, "\n")
		if strings.TrimRight(line, " ") == "end" && lines > 0 {
			return size, after, true
		}
		n, ok := uuLength(line)
		if !ok {
			return 0, "", false
		}
		size += int64(n)
		text = after
		lines++
	}
	return size, "", lines > 0 && size > 0
}

// uuLength is how many bytes a line stands for.
func uuLength(line string) (int, bool) {
	if line == "" {
		return 0, true // the last line, whose space got lost
	}
	n := int(line[0]) - ' '
	if n == '`'-' ' {
		n = 0
	}
	want := (n+2)/3*4 + 1
	// Spaces at the end get lost; some programs add a checksum.
	if n < 0 || n > 45 || len(line) > want+2 || len(strings.TrimRight(line, " ")) > want+1 || n > 0 && len(line)+3 < want {
		return 0, false
	}
	for i := range len(line) {
		if line[i] < ' ' || line[i] > '`' {
			return 0, false
		}
	}
	return n, true
}
