package classify

import "regexp"

// recalls are the sentences in which Exchange asks other systems to recall a mail; they
// contain its subject.
var recalls = []*regexp.Regexp{
	regexp.MustCompile(`^.{1,100} would like to recall the message,? ["“](.{0,300})["”]\.?$`),
	regexp.MustCompile(`^.{1,100} möchte die Nachricht ["„“](.{0,300})["“”] zurückrufen\.?$`),
	regexp.MustCompile(`^.{1,100} souhaite rappeler le message,? ["«“] ?(.{0,300}?) ?["»”]\.?$`),
	regexp.MustCompile(`^.{1,100} desea recuperar el mensaje,? ["«“](.{0,300})["»”]\.?$`),
}

// Recalled returns the subject of the mail that a text asks to recall. It returns false if
// the text is no such request, or says more.
func Recalled(text string) (subject string, is bool) {
	for _, r := range recalls {
		if f := r.FindStringSubmatch(text); f != nil {
			return f[1], true
		}
	}
	return "", false
}
