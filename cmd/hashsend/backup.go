package main

import (
	"context"
	"fmt"

	"hashsend/bridge"
	"hashsend/bridge/store"
	"hashsend/connectors"
)

// backup copies the data folder, also while the program runs.
func backup(ctx context.Context, dir string, args []string) (a bridge.Answer, err error) {
	if len(args) != 2 {
		return a, usage("it goes: hashsend admin backup FOLDER")
	}
	done, err := store.Backup(ctx, dir, args[1], map[string][]string{"keys": spentTables()})
	if err != nil {
		return a, err
	}
	return bridge.Answer{OK: true, Text: backupText(args[1], done)}, nil
}

// spentTables are those that a copy must not use.
func spentTables() (all []string) {
	for _, n := range connectors.Networks() {
		all = append(all, n.Spent...)
	}
	return all
}

// backupText says what is in a backup, and how it is used.
func backupText(folder string, done store.Backed) string {
	keys := ""
	if done.Keys {
		keys = "the keys of encrypted rooms (keys.db), "
	}
	return fmt.Sprintf("Written to the folder %s: the database (hashsend.db), %s%d stored files and %d held mails, %.1f MB together. "+
		"It holds secrets and what people wrote: keep it where nobody else can read it. The configuration is not in it. "+
		"To restore it, stop hashsend and put the folder in place of the data folder, or let data in the configuration name it.",
		folder, keys, done.Files, done.Held, float64(done.Bytes)/1e6)
}
