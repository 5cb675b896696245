package frommail

import (
	"errors"
	"slices"

	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// maxAliased limits the addresses of a mail that are looked up.
const maxAliased = 100

// aliases maps the recipients and the author of a mail from other addresses of theirs to
// their participants' addresses (C36), by canonical address. The address of a participant
// is never mapped, nor is an author that is neither verified nor approved.
func aliases(tx *store.Tx, l Mail, threads []int64, approved bool) (known map[string]string, err error) {
	if len(threads) == 0 {
		return nil, nil
	}
	all := slices.Concat(l.Msg.To, l.Msg.Cc)
	if all = all[:min(len(all), maxAliased)]; l.Verdict.Trust == mail.Proven || approved {
		all = append(all, l.Author)
	}
	for _, a := range all {
		canon := mail.CanonicalAddress(a.Address)
		is, err := tx.Alias(canon)
		if errors.Is(err, store.ErrNone) || (err == nil && !is.Confirmed) {
			continue
		}
		if err != nil {
			return nil, err
		}
		itself := false
		for _, id := range threads {
			if _, err := tx.Participant(id, canon); err == nil {
				itself = true
			} else if !errors.Is(err, store.ErrNone) {
				return nil, err
			}
		}
		if itself {
			continue
		}
		if known == nil {
			known = map[string]string{}
		}
		known[canon] = is.Known
	}
	return known, nil
}

// renamed returns the mail with other addresses replaced by known ones.
func (l Mail) renamed(known map[string]string) Mail {
	if len(known) == 0 {
		return l
	}
	rename := func(list []mail.Address) []mail.Address {
		list = slices.Clone(list)
		for i, a := range list {
			if as := known[mail.CanonicalAddress(a.Address)]; as != "" {
				list[i].Address = as
			}
		}
		return list
	}
	l.Msg.To, l.Msg.Cc = rename(l.Msg.To), rename(l.Msg.Cc)
	l.Author = rename([]mail.Address{l.Author})[0]
	return l
}
