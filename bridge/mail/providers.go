package mail

import "strings"

// IsPublicProvider reports whether an address is of a domain where anybody can have
// one: that two people share it says nothing about them.
func IsPublicProvider(address string) bool {
	_, domain, _ := strings.Cut(strings.ToLower(address), "@")
	switch domain {
	case "aol.com", "arcor.de", "bk.ru", "bol.com.br", "comcast.net", "duck.com", "email.com", "fastmail.com", "fastmail.fm", "foxmail.com", "free.fr", "freenet.de", "gmail.com",
		"googlemail.com", "hey.com", "hushmail.com", "icloud.com", "inbox.ru", "interia.pl", "laposte.net", "libero.it", "list.ru", "mac.com", "mail.com", "mail.de", "mail.ru",
		"mailbox.org", "me.com", "msn.com", "naver.com", "neuf.fr", "o2.pl", "onet.pl", "orange.fr", "outlook.com", "pm.me", "posteo.de", "posteo.net", "proton.me",
		"protonmail.com", "qq.com", "rambler.ru", "riseup.net", "rediffmail.com", "rocketmail.com", "seznam.cz", "sfr.fr", "sina.com", "sohu.com", "t-online.de", "terra.com.br",
		"tuta.com", "tutanota.com", "tuta.io", "uol.com.br", "verizon.net", "virgilio.it", "wanadoo.fr", "web.de", "wp.pl", "ya.ru", "yeah.net", "ymail.com", "zoho.com",
		"126.com", "139.com", "163.com", "bigpond.com", "bluewin.ch", "btinternet.com", "daum.net", "hanmail.net", "sky.com", "skynet.be", "telenet.be", "ukr.net", "xs4all.nl", "ziggo.nl":
		return true
	}
	name, _, _ := strings.Cut(domain, ".") // gmx.de, gmx.net, yahoo.co.uk, hotmail.fr, …
	switch name {
	case "gmx", "yahoo", "hotmail", "live", "outlook", "yandex", "protonmail", "aol":
		return true
	}
	return false
}
