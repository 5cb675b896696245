package bridge

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"hashsend/bridge/mail"
)

// rawAnswer makes an answer to the first mail with a Content-Type, and a body.
func rawAnswer(s *stage, kind, body string) string {
	s.uid++
	return strings.ReplaceAll(fmt.Sprintf("From: Ann Lee <ann@example.com>\nTo: %s\nSubject: Re: #Send Lunch\nMessage-ID: <row%d@example.com>\nIn-Reply-To: <%s>\nMIME-Version: 1.0\nContent-Type: %s\n\n%s",
		s.sent[0].ReplyTo[0].Address, s.uid, s.sent[0].ID, kind, body), "\n", "\r\n")
}

// TestMailRows shows how rooms see emails of many formats.
func TestMailRows(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		defer s.end()
		s.withAnn()
		const signature = "-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n"
		for _, c := range []struct{ row, kind, body, want, never string }{
			{
				"signed PGP", "multipart/signed; boundary=a; protocol=\"application/pgp-signature\"",
				"--a\nContent-Type: text/plain\n\nSigned words.\n--a\nContent-Type: application/pgp-signature; name=signature.asc\n\n" + signature + "--a--\n", "Signed words.", "[file",
			},
			{
				"signed PGP as a file", "multipart/mixed; boundary=a",
				"--a\nContent-Type: text/plain\n\nSigned words.\n--a\nContent-Type: application/octet-stream; name=signature.asc\nContent-Disposition: attachment; filename=signature.asc\n\n" + signature + "--a--\n", "Signed words.", "[file",
			},
			{
				"signed S/MIME", "multipart/signed; boundary=a; protocol=\"application/x-pkcs7-signature\"",
				"--a\nContent-Type: text/plain\n\nSigned words.\n--a\nContent-Type: application/x-pkcs7-signature; name=smime.p7s\nContent-Transfer-Encoding: base64\n\nAAAA\n--a--\n", "Signed words.", "[file",
			},
			{
				"signed S/MIME as a file", "multipart/mixed; boundary=a",
				"--a\nContent-Type: text/plain\n\nSigned words.\n--a\nContent-Type: application/octet-stream; name=smime.p7s\nContent-Transfer-Encoding: base64\n\nAAAA\n--a--\n", "Signed words.", "[file",
			},
			{
				"signed in the text", "text/plain",
				"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nSigned words.\n- -- a dash\n" + signature, "Signed words.\n    -- a dash", "PGP",
			},
			{
				"signed in one piece", "application/pkcs7-mime; smime-type=signed-data; name=smime.p7m",
				"AAAA", "Ann Lee sent a signed email that cannot be read here", "[file",
			},
			{
				"encrypted PGP", "multipart/encrypted; boundary=a; protocol=\"application/pgp-encrypted\"",
				"--a\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--a\nContent-Type: application/octet-stream; name=encrypted.asc\n\n-----BEGIN PGP MESSAGE-----\n--a--\n", "Ann Lee sent an encrypted email, which cannot be read here", "[file",
			},
			{
				"encrypted, wrapped", "multipart/mixed; boundary=b",
				"--b\nContent-Type: multipart/encrypted; boundary=a\n\n--a\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--a\nContent-Type: application/octet-stream; name=encrypted.asc\n\n-----BEGIN PGP MESSAGE-----\n--a--\n--b--\n", "Ann Lee sent an encrypted email, which cannot be read here", "[file",
			},
			{"encrypted S/MIME", "application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", "AAAA", "Ann Lee sent an encrypted email, which cannot be read here", "[file"},
			{"encrypted in the text", "text/plain", "-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----\n", "Ann Lee sent an encrypted email, which cannot be read here", "BEGIN"},
			{
				"encrypted, with only the tag outside", "multipart/mixed; boundary=a",
				"--a\nContent-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----\n--a--\n", "Ann Lee sent an encrypted email, which cannot be read here", "BEGIN",
			},
			{
				"text between pictures", "multipart/mixed; boundary=a",
				"--a\nContent-Type: text/plain\n\nAbove.\n--a\nContent-Type: image/png; name=one.png\nContent-Disposition: inline; filename=one.png\nContent-Transfer-Encoding: base64\n\nAAAA\n--a\nContent-Type: text/plain\n\nBetween.\n" +
					"--a\nContent-Type: image/png; name=two.png\nContent-Disposition: inline; filename=two.png\nContent-Transfer-Encoding: base64\n\nAAAA\n--a\nContent-Type: text/plain\nContent-Disposition: inline\n\nBelow.\n--a--\n",
				"Above.\n    \n    Between.\n    \n    Below.", ".txt",
			},
		} {
			got := s.plays(func() { s.deliver(mail.Inbox, rawAnswer(s, c.kind, c.body)) })
			if !strings.Contains(got, c.want) || strings.Contains(got, c.never) {
				t.Errorf("%s:\n%s\nand not\n%s", c.row, got, c.want)
			}
		}
	})
}
