package main

import (
	"context"
	"fmt"

	"hashsend/bridge"
	"hashsend/bridge/core"
	"hashsend/bridge/store"
	"hashsend/connectors"
)

// backup copies the data folder. It is safe while hashsend runs.
func backup(ctx context.Context, dir string, args []string) (a bridge.Answer, err error) {
	if len(args) != 2 {
		return a, usage("usage: hashsend admin backup FOLDER")
	}
	done, err := store.Backup(ctx, dir, args[1], map[string][]string{"keys": spentTables()})
	if err != nil {
		return a, err
	}
	return bridge.Answer{OK: true, Text: backupText(args[1], done)}, nil
}

// spentTables are the tables that a copy must leave empty.
func spentTables() (all []string) {
	for _, n := range connectors.Networks() {
		all = append(all, n.Spent...)
	}
	return all
}

// backupText says what a backup contains and how to restore it.
func backupText(folder string, done store.Backed) string {
	keys := ""
	if done.Keys {
		keys = "the encryption keys (keys.db), "
	}
	return fmt.Sprintf("Backup written to %s: the database (hashsend.db), %s%s and %s, %.1f MB in total. "+
		"It contains secrets and messages, so keep it private. The configuration is not included. "+
		"To restore it, stop hashsend and replace the data folder with this folder, or set data in the configuration to it.",
		folder, keys, core.Quantity(done.Files, "stored file", "stored files"), core.Quantity(done.Held, "held email", "held emails"), float64(done.Bytes)/1e6)
}
