package demo

import (
	"io"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"hashsend/bridge/mail"
)

// submissionSession is an SMTP connection.
type submissionSession struct {
	s  *mailServer
	a  *account
	to []string
}

// AuthMechanisms are the mechanisms that email programs support.
func (x *submissionSession) AuthMechanisms() []string { return []string{sasl.Plain, "LOGIN"} }

// Auth signs in.
func (x *submissionSession) Auth(mech string) (sasl.Server, error) {
	check := func(user, password string) error {
		a := x.s.account(user)
		if a == nil || a.user.Login(a.Address, password) != nil {
			return smtp.ErrAuthFailed
		}
		x.a = a
		return nil
	}
	if mech == sasl.Plain {
		return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
	}
	return &loginServer{check: check}, nil
}

// loginServer is the server's side of the LOGIN mechanism.
type loginServer struct {
	check func(user, password string) error
	user  string
	step  int
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if l.step == 0 && response != nil {
		l.step = 1
	}
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(response))
}

// Reset drops the current email.
func (x *submissionSession) Reset() { x.to = nil }

// Logout does nothing.
func (x *submissionSession) Logout() error { return nil }

// Mail starts an email.
func (x *submissionSession) Mail(from string, _ *smtp.MailOptions) error {
	if x.a == nil {
		return smtp.ErrAuthRequired
	}
	if from != "" && !mail.SameAddress(x.a.Address, from) {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "the sender must be " + x.a.Address}
	}
	x.Reset()
	return nil
}

// Rcpt adds a recipient. Only the demo's own mailboxes are allowed.
func (x *submissionSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if x.s.account(to) == nil {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "the demo only delivers to its own mailboxes"}
	}
	x.to = append(x.to, to)
	return nil
}

// Data stores the email. It is on disk when Data returns nil.
func (x *submissionSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return x.s.accept(x.a, x.to, raw)
}
