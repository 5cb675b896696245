package imap

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"hashsend/bridge/mail"
	"hashsend/connectors/imap/wire"
)

// head is what is fetched of a mail first.
type head struct {
	uid      uint32
	size     int64
	received time.Time
	header   mail.Header // only the fields that tell whether a mail is ours
}

// headFields are the fields that tell whether a mail is ours, and whose it is.
var headFields = []string{
	"From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Subject", "Date", "Message-ID", "In-Reply-To", "References",
	"Thread-Index", "Thread-Topic", "Content-Type", "Return-Path", "Delivered-To", "X-Delivered-To", "X-Original-To",
	"Envelope-To", "X-Envelope-To", "X-Forwarded-To", "X-Rcpt-To", "X-Failed-Recipients", "X-Microsoft-Original-Message-ID",
	"X-Google-Original-Message-ID", "Origin-MessageId", "List-Id", "Auto-Submitted", mail.HeaderTrace, mail.HeaderSender, mail.HeaderBridge,
}

const (
	headBytes = 64 << 10 // of those fields of one mail
	headCount = 1000     // fields of one mail
	batch     = 500      // mails whose headers are fetched at once
)

// headForm is a way to ask for the header of a mail.
type headForm struct {
	section string
	partial int64
}

// headForms are tried in this order: a server that refuses one is asked in the next.
var headForms = []headForm{
	{"BODY.PEEK[HEADER.FIELDS (" + strings.Join(headFields, " ") + ")]", headBytes},
	{"BODY.PEEK[HEADER]", headBytes},
	{"BODY.PEEK[HEADER]", 0},
}

// missing is why the server did not give a mail.
type missing map[uint32]error

// heads fetches the headers of mails. Those that are gone are missing from both;
// those that are there and were not given are in bad. An error ends the session.
func (x *session) heads(ctx context.Context, uids []uint32) (got map[uint32]head, bad missing, err error) {
	got, bad = map[uint32]head{}, missing{}
	return got, bad, x.headsInto(ctx, uids, got, bad)
}

func (x *session) headsInto(ctx context.Context, uids []uint32, got map[uint32]head, bad missing) error {
	refused := x.fetchHeads(ctx, uids, got)
	if refused != nil && !isSaid(refused) {
		return refused
	}
	if kind, _ := troubleOf(refused); kind.ofAll() {
		return refused
	}
	left := slices.DeleteFunc(slices.Clone(uids), func(uid uint32) bool { _, there := got[uid]; return there })
	if len(left) == 0 {
		return nil
	}
	there, err := x.present(ctx, left)
	if err != nil {
		return err
	}
	left = slices.DeleteFunc(left, func(uid uint32) bool { return !slices.Contains(there, uid) })
	switch {
	case len(left) == 0:
		return nil
	case len(left) == 1 && len(uids) == 1:
		if refused == nil {
			refused = &notGiven{uid: left[0]}
		}
		bad[left[0]] = refused
		return nil
	case len(left) == 1:
		return x.headsInto(ctx, left, got, bad)
	}
	half := len(left) / 2
	return errors.Join(x.headsInto(ctx, left[:half], got, bad), x.headsInto(ctx, left[half:], got, bad))
}

// fetchHeads asks once, in the form that this server takes. Which one that is, the
// first answers tell.
func (x *session) fetchHeads(ctx context.Context, uids []uint32, into map[uint32]head) error {
	for {
		i, proven := x.s.quirks.headForm()
		form := headForms[i]
		var mails []wire.Mail
		err := x.do(ctx, func() (err error) {
			mails, err = x.c.Fetch(uidSet(uids), wire.FetchOptions{Items: "RFC822.SIZE INTERNALDATE", Section: form.section, Partial: form.partial, Most: headBytes})
			return err
		})
		found := map[uint32]head{}
		for _, m := range mails {
			h, err := readHead(m)
			if err != nil {
				return err
			}
			found[m.UID] = h
			proven = proven || len(h.header) > 0
		}
		if proven {
			x.s.quirks.headWorked()
		}
		kind, _ := troubleOf(err)
		if !proven && !kind.ofAll() && (isSaid(err) || len(mails) > 0) && x.s.quirks.headRefused(i) {
			continue // it refuses the form, or cannot pick out fields
		}
		maps.Copy(into, found)
		return err
	}
}

func readHead(m wire.Mail) (head, error) {
	h, err := readHeader(bytes.NewReader(m.Data[:min(len(m.Data), headBytes)]))
	if m.Received.IsZero() {
		m.Received = time.Now()
	}
	return head{uid: m.UID, size: m.Size, received: m.Received, header: slices.Clone(h[:min(len(h), headCount)])}, err
}

// readHeader reads a header; one that is too long is cut.
func readHeader(r io.Reader) (mail.Header, error) {
	h, err := mail.ReadHeader(bufio.NewReader(r))
	if errors.Is(err, bufio.ErrBufferFull) {
		err = nil
	}
	return h, err
}

// wholeHeader fetches all fields of one mail.
func (x *session) wholeHeader(ctx context.Context, uid uint32) (mail.Header, error) {
	var mails []wire.Mail
	err := x.do(ctx, func() (err error) {
		mails, err = x.c.Fetch(fmt.Sprint(uid), wire.FetchOptions{Section: "BODY.PEEK[HEADER]", Most: mail.MaxHeader + 1})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("fetch the header of mail %d: %w", uid, err)
	}
	if len(mails) != 1 {
		return nil, fmt.Errorf("the server did not give the header of mail %d", uid)
	}
	return readHeader(bytes.NewReader(mails[0].Data))
}

// present returns those of the mails that are in the folder.
func (x *session) present(ctx context.Context, uids []uint32) (there []uint32, err error) {
	err = x.do(ctx, func() error {
		there, err = x.c.Search("UID " + uidSet(uids))
		if !isSaid(err) {
			return err
		}
		mails, err := x.c.Fetch(uidSet(uids), wire.FetchOptions{})
		for _, m := range mails {
			there = append(there, m.UID)
		}
		return err
	})
	if isSaid(err) {
		return uids, nil // it tells nothing: they are taken for present
	}
	return there, err
}

// uidSet writes UIDs in ascending order as a set (RFC 3501, 9).
func uidSet(uids []uint32) string {
	var b strings.Builder
	for i := 0; i < len(uids); i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		first := uids[i]
		b.WriteString(strconv.FormatUint(uint64(first), 10))
		for i+1 < len(uids) && uids[i+1] == uids[i]+1 {
			i++
		}
		if uids[i] != first {
			b.WriteString(":" + strconv.FormatUint(uint64(uids[i]), 10))
		}
	}
	return b.String()
}
