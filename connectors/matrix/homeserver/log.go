package homeserver

import (
	"log/slog"
	"strings"
)

// logWriter passes the lines of mautrix's logger on to slog, for debugging.
type logWriter struct{ log *slog.Logger }

func (w logWriter) Write(line []byte) (int, error) {
	w.log.Debug("matrix library", "line", strings.TrimSpace(string(line)))
	return len(line), nil
}
