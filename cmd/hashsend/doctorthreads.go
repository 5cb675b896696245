package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hashsend/bridge/store"
	"hashsend/cmd/hashsend/doctor"
	"hashsend/cmd/hashsend/doctor/threads"
)

func newDoctorThreads(f *doctorFlags) *cobra.Command {
	var file string
	var titles []string
	cmd := &cobra.Command{
		Use: "threads", Short: "Show how mail programs group the conversations", Args: noArgs,
		Long: `Composes the emails that hashsend would send for the linked rooms, with replies, and
groups them by the rules of Gmail, Outlook, Apple Mail, Thunderbird, IMAP webmails and
others: which would show two rooms as one conversation, or one room as several.

With --title, rooms with those titles are tried instead; with --mbox, the emails of a
file. Neither needs the database, for which hashsend must not run.`,
		Example: `  hashsend doctor threads
  hashsend doctor threads --title Lunch --title "Garden party"
  hashsend doctor threads --mbox archive.mbox`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := f.config()
			if err != nil {
				return err
			}
			switch {
			case file != "":
				cfg.Emails, err = readMbox(file)
			case cmd.Flags().Changed("title"):
				cfg.Rooms = &doctor.Rooms{All: titled(titles)}
			default:
				var c *config
				if c, err = configOf(cmd); err == nil {
					cfg.Rooms, err = c.rooms(cmd.Context())
				}
			}
			if err != nil {
				return err
			}
			return f.run(cmd, cfg)
		},
	}
	cmd.Flags().StringVar(&file, "mbox", "", "file with emails")
	cmd.Flags().StringArrayVar(&titles, "title", nil, "title of a conversation (may be repeated)")
	cmd.MarkFlagsMutuallyExclusive("mbox", "title")
	return cmd
}

func readMbox(name string) ([]threads.Mail, error) {
	in, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer in.Close() //nolint:errcheck // it was only read
	all, err := threads.ReadMbox(in)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s holds no email", name)
	}
	return all, nil
}

// titled makes rooms of titles; without a title the subject is the tag alone.
func titled(titles []string) (rooms []threads.Room) {
	for i, t := range titles {
		subject := strings.TrimSpace("#Send " + t)
		name := t
		if name == "" {
			name = subject
		}
		rooms = append(rooms, threads.Room{Name: name, Subject: subject, Anchor: fmt.Sprintf("hs.title%d.root.x@doctor.invalid", i), Started: time.Now()})
	}
	return rooms
}

// maxRooms is how many conversations are looked at.
const maxRooms = 200

// rooms reads the conversations of the database, if nobody else has it open.
func (c *config) rooms(ctx context.Context) (*doctor.Rooms, error) {
	r := &doctor.Rooms{}
	unknown, err := c.withStore(ctx, func(s *store.Store) (err error) {
		r.All, err = storedRooms(ctx, s)
		return err
	})
	if unknown != "" {
		r.Unknown = unknown + ", so the conversations are not known. Name titles with --title instead."
	}
	return r, err
}

// storedRooms reads the newest conversations of a database.
func storedRooms(ctx context.Context, s *store.Store) (rooms []threads.Room, err error) {
	err = s.Read(ctx, func(tx *store.Tx) error {
		all, err := tx.Threads(maxRooms)
		if err != nil {
			return err
		}
		for _, t := range all {
			e, err := tx.Epoch(t.ID)
			if err != nil {
				return err
			}
			name := t.Title
			if name == "" {
				name = e.Subject
			}
			rooms = append(rooms, threads.Room{Name: name, Subject: e.Subject, Anchor: e.Anchor, Started: e.Started})
		}
		return nil
	})
	return rooms, err
}
