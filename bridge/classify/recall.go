package classify

import "regexp"

// recalls are the sentences with which Exchange asks other systems to take a mail
// back; the subject of that mail is in them.
var recalls = []*regexp.Regexp{
	regexp.MustCompile(`^.{1,100} would like to recall the message,? ["“](.{0,300})["”]\.?$`),
	regexp.MustCompile(`^.{1,100} möchte die Nachricht ["„“](.{0,300})["“”] zurückrufen\.?$`),
	regexp.MustCompile(`^.{1,100} souhaite rappeler le message,? ["«“] ?(.{0,300}?) ?["»”]\.?$`),
	regexp.MustCompile(`^.{1,100} desea recuperar el mensaje,? ["«“](.{0,300})["»”]\.?$`),
}

// Recalled returns the subject of the mail that a mail of these words asks to take
// back. false: it asks for nothing of that kind, or says more.
func Recalled(text string) (subject string, is bool) {
	for _, r := range recalls {
		if f := r.FindStringSubmatch(text); f != nil {
			return f[1], true
		}
	}
	return "", false
}
