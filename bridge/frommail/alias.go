package frommail

import (
	"errors"
	"slices"

	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// maxAliased is how many addresses of a mail are looked up at most.
const maxAliased = 100

// aliases returns under which addresses people take part whom a mail names, or
// who have written it, by other addresses of theirs (C36): by canonical address.
// An address that takes part itself is itself. What nothing proves to come from
// the other address is nobody's.
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

// renamed is the letter with known addresses in the place of other ones.
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
