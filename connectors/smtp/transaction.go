package smtp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"hashsend/bridge/mail"
	"hashsend/bridge/retry"
)

// transaction sends one mail over a connection that is logged in. left are the
// recipients that the server wants in another transaction.
func (s *Submitter) transaction(x *session, o mail.Outgoing, beforeDot func() error) (res mail.Result, left []string, err error) {
	if err := s.sender(x, o); err != nil {
		return res, nil, err
	}
	if res, left, err = s.recipients(x, o); err != nil {
		return res, nil, err
	}
	if _, err := x.c.command(atData, "3", "DATA"); err != nil {
		var r *refusal
		if errors.As(err, &r) && r.Code < 400 {
			return res, nil, fmt.Errorf("the server answered to DATA as if it had a mail already: %w", err)
		}
		return res, nil, ofAll("mail refused", err)
	}
	answer, err := s.content(x, o, beforeDot)
	if err != nil {
		return res, nil, err
	}
	res.ServerSay = oneLine(answer.Status + " " + answer.Text)
	res.FinalID = finalID(s.cfg.Server.Host, res.ServerSay)
	return res, left, nil
}

// content sends the mail itself and reads the answer to its end.
func (s *Submitter) content(x *session, o mail.Outgoing, beforeDot func() error) (reply, error) {
	out := bufio.NewWriter(x.c.conn)
	w := x.c.data(out)
	if err := copyMail(w, o); err != nil {
		x.conn.Close() //nolint:errcheck // breaks the transaction off unsent
		return reply{}, err
	}
	if err := errors.Join(out.Flush(), x.conn.out.Flush()); err != nil {
		return reply{}, fmt.Errorf("send mail: %w", err)
	}
	if err := beforeDot(); err != nil {
		x.conn.Close() //nolint:errcheck // breaks the transaction off unsent
		return reply{}, fmt.Errorf("note that the mail goes out: %w%w", err, errOurs)
	}
	x.conn.SetLimit(dotTime)
	defer x.conn.SetLimit(s.cfg.Server.AnswerTime())
	lost := func(err error) error {
		return retry.Unclear(fmt.Errorf("the answer to the end of the mail was lost: %w", err))
	}
	if err := errors.Join(w.Close(), out.Flush()); err != nil {
		return reply{}, lost(err)
	}
	p, err := x.c.answer(atDot, "2")
	switch {
	case err == nil:
		return p, nil
	case p.part && p.Code >= 400:
		// Half a refusal is one.
		return p, fmt.Errorf("mail refused: %w", &refusal{stage: atDot, reply: p})
	case p.part && p.Code/100 == 2:
		x.conn.Close() //nolint:errcheck // it has ended
		return p, nil  // the code says that it was taken
	}
	var r *refusal
	if !errors.As(err, &r) {
		return p, lost(err)
	}
	return p, ofAll("mail refused", err)
}

func copyMail(w io.Writer, o mail.Outgoing) error {
	r, err := o.Open()
	if err != nil {
		return fmt.Errorf("open mail: %w%w", err, errOurs)
	}
	_, err = io.Copy(w, r)
	if err := errors.Join(err, r.Close()); err != nil {
		return fmt.Errorf("send mail: %w", err)
	}
	return nil
}

// ofAll marks a refusal of a mail: for good, unless the account is meant or the
// server wants it again.
func ofAll(what string, err error) error {
	var r *refusal
	if !errors.As(err, &r) {
		return err
	}
	owner, _ := judge(r.stage, r.reply, false)
	switch {
	case isTooLarge(r.reply):
		return retry.Never(fmt.Errorf("the mail is too large: %w", err))
	case owner == ofAccount || r.Code < 500:
		return fmt.Errorf("%s: %w", what, err)
	}
	return retry.Never(fmt.Errorf("%s: %w", what, err))
}

// The optional parameters of MAIL and RCPT, by the keyword of the server's offer.
const (
	paramSize = "SIZE"
	param8Bit = "8BITMIME"
	paramUTF8 = "SMTPUTF8"
	paramDSN  = "DSN"
)

func (s *Submitter) offers(x *session, keyword string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return x.c.has(keyword) && !s.refused[keyword]
}

// without notes that the server refuses what it offers.
func (s *Submitter) without(keywords ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range keywords {
		s.refused[k] = true
	}
	s.log.Info("the mail server refuses what it offers: it is left out from now on", "parameters", strings.Join(keywords, " "))
}

// sender begins a mail. Where the server refuses optional parameters, it is tried
// once more without those, and they are left out from then on.
func (s *Submitter) sender(x *session, o mail.Outgoing) error {
	if limit := s.maxSize.Load(); limit > 0 && o.Size > limit {
		return retry.Never(fmt.Errorf("the mail is too large: it has %d bytes, the mail server takes at most %d", o.Size, limit))
	}
	needsUTF8 := !isASCII(o.From) || !isASCII(strings.Join(o.To, ""))
	if needsUTF8 && !x.c.has(paramUTF8) {
		return retry.Never(errors.New("an address of this mail has letters that the mail server does not take (no SMTPUTF8)"))
	}
	line, full, used := s.mailLine(x, o, needsUTF8)
	_, err := x.c.command(atSender, "2", full)
	var r *refusal
	if errors.As(err, &r) && isOfParameter(r.reply) && len(used) > 0 {
		if _, err = x.c.command(atSender, "2", line); err == nil {
			s.without(used...)
			return nil
		}
	}
	switch {
	case err == nil:
		return nil
	case errors.As(err, &r):
		return ofAll("sender refused", err)
	}
	return fmt.Errorf("begin mail: %w", err)
}

// mailLine writes MAIL with what it needs, and with the optional parameters that
// the server offers besides; used names those.
func (s *Submitter) mailLine(x *session, o mail.Outgoing, needsUTF8 bool) (line, full string, used []string) {
	line = "MAIL FROM:<" + o.From + ">"
	if needsUTF8 {
		line += " SMTPUTF8"
	}
	full = line
	add := func(keyword, text string) {
		if s.offers(x, keyword) {
			full, used = full+text, append(used, keyword)
		}
	}
	add(param8Bit, " BODY=8BITMIME")
	if o.Size > 0 {
		add(paramSize, fmt.Sprintf(" SIZE=%d", o.Size))
	}
	if o.UTF8 && !needsUTF8 {
		add(paramUTF8, " SMTPUTF8")
	}
	dsn := " RET=HDRS"
	if o.EnvelopeID != "" && isASCII(o.EnvelopeID) {
		dsn += " ENVID=" + xtext(o.EnvelopeID)
	}
	add(paramDSN, dsn)
	return line, full, used
}

// recipients names the recipients. The error is that of all, if none was accepted.
func (s *Submitter) recipients(x *session, o mail.Outgoing) (res mail.Result, left []string, err error) {
	var refusals []*refusal
	accepted, temporary := 0, false
	for i, to := range o.To {
		p, err := s.recipient(x, to)
		var r *refusal
		switch {
		case err == nil:
			accepted++
			res.Outcomes = append(res.Outcomes, mail.Outcome{Address: to, State: mail.Accepted, Code: p.Code})
			continue
		case !errors.As(err, &r):
			return res, nil, fmt.Errorf("name recipient: %w", err)
		case accepted > 0 && isTooMany(r.reply):
			return res, o.To[i:], nil
		}
		if owner, _ := judge(atRecipient, r.reply, false); owner == ofAccount {
			return res, nil, fmt.Errorf("name recipient: %w", err)
		}
		out := mail.Outcome{Address: to, State: mail.Refused, Code: r.Code, Status: r.Status, ServerSay: r.Text}
		if r.Code < 500 {
			out.State, temporary = mail.Deferred, true
		}
		refusals = append(refusals, r)
		res.Outcomes = append(res.Outcomes, out)
	}
	if accepted > 0 {
		return res, nil, nil
	}
	if len(o.To) > 1 && sameWords(refusals, o.To) {
		if owner, trouble := judge(atRecipient, refusals[0].reply, true); owner == ofAccount {
			return mail.Result{}, nil, s.accountError(refusals[0], trouble)
		}
	}
	err = fmt.Errorf("recipient refused: %w", refusals[0])
	if !temporary {
		err = retry.Never(err)
	}
	return res, nil, err
}

func (s *Submitter) recipient(x *session, to string) (reply, error) {
	line := "RCPT TO:<" + to + ">"
	if !s.offers(x, paramDSN) {
		return x.c.command(atRecipient, "2", line)
	}
	p, err := x.c.command(atRecipient, "2", line+" NOTIFY=FAILURE,DELAY")
	var r *refusal
	if errors.As(err, &r) && isOfParameter(r.reply) {
		if p, err = x.c.command(atRecipient, "2", line); err == nil {
			s.without(paramDSN)
		}
	}
	return p, err
}

// sameWords reports whether all recipients were refused in the same words, but for
// their addresses.
func sameWords(all []*refusal, to []string) bool {
	words := func(i int) string {
		local, domain, _ := strings.Cut(strings.ToLower(to[i]), "@")
		text := strings.NewReplacer(strings.ToLower(to[i]), "*", domain, "*").Replace(strings.ToLower(all[i].Text))
		if len(local) > 3 {
			text = strings.ReplaceAll(text, local, "*")
		}
		return fmt.Sprint(all[i].Code, all[i].Status, text)
	}
	for i := range all {
		if words(i) != words(0) {
			return false
		}
	}
	return len(all) > 1
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// xtext is the writing of RFC 3461, 4.
func xtext(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '+' || c == '=' {
			fmt.Fprintf(&b, "+%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
