package frommail

import (
	"errors"
	"slices"

	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// maxAliased limits the addresses of a mail that are looked up.
const maxAliased = 100

// aliased returns the addresses of a mail that may be other addresses of participants:
// those of its recipients, and of its author if verified or approved.
func aliased(l Mail, f Approval) []mail.Address {
	all := slices.Concat(l.Msg.To, l.Msg.Cc)
	if all = all[:min(len(all), maxAliased)]; l.Verdict.Trust == mail.Proven || f.Approved {
		all = append(all, l.Author)
	}
	return all
}

// aliases maps addresses to the known addresses of their participants, by canonical address.
// The address of a participant is never mapped.
func aliases(tx *store.Tx, all []mail.Address, threads []int64) (known map[string]string, err error) {
	if len(threads) == 0 {
		return nil, nil
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
