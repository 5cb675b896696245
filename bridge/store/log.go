package store

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.mau.fi/util/dbutil"
)

// upgradeLog passes messages of dbutil to slog.
type upgradeLog struct{ log *slog.Logger }

func (l upgradeLog) WarnUnsupportedVersion(current, compat, latest int) {
	l.log.Warn("database is newer than this program", "version", current, "compatible", compat, "known", latest)
}

func (l upgradeLog) PrepareUpgrade(current, _, latest int) {
	l.log.Debug("database version", "version", current, "latest", latest)
}

func (l upgradeLog) DoUpgrade(from, to int, message string, _ dbutil.TxnMode) {
	l.log.Info("upgrading database", "from", from, "to", to, "step", message)
}

func (l upgradeLog) Warn(msg string, args ...any) { l.log.Warn(fmt.Sprintf(msg, args...)) }

func (l upgradeLog) QueryTiming(context.Context, string, string, []any, int, time.Duration, error) {}
