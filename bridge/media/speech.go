package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// speechTime is the time limit of one conversion.
const speechTime = time.Minute

// ToM4A converts speech in Ogg to AAC in MP4, which every mail program and phone plays. ffmpeg
// is the path of that program. It receives nothing but the content, reads no other file and
// opens no connection. Output larger than most bytes is an error.
func ToM4A(ctx context.Context, ffmpeg string, w io.Writer, ogg io.Reader, most int64) (err error) {
	dir, err := os.MkdirTemp("", "hashsend-speech-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	ctx, cancel := context.WithTimeout(ctx, speechTime)
	defer cancel()
	out := filepath.Join(dir, "speech.m4a") // the index is written last, at the beginning
	//nolint:gosec // the program is the admin's, and no argument comes from outside
	cmd := exec.CommandContext(ctx, ffmpeg, "-nostdin", "-hide_banner", "-loglevel", "error", "-protocol_whitelist", "pipe", "-f", "ogg", "-i", "pipe:0",
		"-map", "0:a:0", "-map_metadata", "-1", "-c:a", "aac", "-b:a", "64k", "-ac", "1", "-movflags", "+faststart", "-fs", strconv.FormatInt(most, 10), "-f", "ipod", out)
	var said strings.Builder
	cmd.Stdin, cmd.Stderr, cmd.Dir, cmd.WaitDelay = ogg, &limited{&said, 500}, dir, 5*time.Second
	cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH"), "LD_LIBRARY_PATH=" + os.Getenv("LD_LIBRARY_PATH"), "TMPDIR=" + dir}
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return fmt.Errorf("run ffmpeg: %w: %s", err, strings.Join(strings.Fields(said.String()), " "))
	}
	f, err := os.Open(out)
	if err != nil {
		return fmt.Errorf("open the output of ffmpeg: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	n, err := io.Copy(w, io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return err
	case n == 0:
		return errors.New("ffmpeg produced no output")
	case n >= most: // it was cut off there
		return fmt.Errorf("the output is larger than %d bytes", most)
	}
	return nil
}

// limited keeps the beginning of the written data.
type limited struct {
	to   *strings.Builder
	most int
}

func (l *limited) Write(p []byte) (int, error) {
	l.to.Write(p[:min(len(p), max(0, l.most-l.to.Len()))])
	return len(p), nil
}
