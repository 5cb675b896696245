package imap

// language has the names of two folders in one language.
type language struct {
	code string
	sent []string
	junk []string
}

// languages are the names that programs and servers give to the folders of sent
// mail and of junk, in lower case, where the server does not say their roles.
// Sources: the folders that Exchange and Outlook make in each language
// (learn.microsoft.com, Set-MailboxRegionalConfiguration -LocalizeDefaultFolderName),
// the translations of Roundcube (program/localization/*/labels.inc), SquirrelMail
// and Thunderbird (messenger.properties), Apple Mail ("Sent Messages"), HCL Notes
// and K-9 Mail ("Sent Objects", "Sent-Mail"), Pine ("sent-mail"), Yahoo ("Bulk
// Mail"), GMX and T-Online ("Spamverdacht"), as of November 2026.
var languages = []language{
	{
		"en",
		[]string{"sent", "sent items", "sent messages", "sent mail", "sent-mail", "sent_mail", "sent objects", "sent-items", "sentmail", "sentbox", "sent email", "sent e-mail", "mail sent", "outgoing mail"},
		[]string{"junk", "junk email", "junk e-mail", "junk mail", "junk-e-mail", "spam", "bulk", "bulk mail", "spamfolder", "spambox", "spam mail", "suspected spam", "probably spam", "quarantine"},
	},
	{
		"de",
		[]string{"gesendet", "gesendete", "gesendete objekte", "gesendete elemente", "gesendete nachrichten", "gesendete mails", "gesendete e-mails", "versendet", "verschickt", "postausgang kopie"},
		[]string{"unerwünscht", "unerwünschte werbung", "spamverdacht", "spam-verdacht", "junk-mail", "werbung", "unerwünschte mails"},
	},
	{
		"fr",
		[]string{"envoyés", "éléments envoyés", "messages envoyés", "objets envoyés", "courrier envoyé", "courriers envoyés", "courriel envoyé", "envoyes", "elements envoyes"},
		[]string{"courrier indésirable", "courriers indésirables", "indésirables", "messages indésirables", "pourriel", "pourriels", "indesirables"},
	},
	{
		"es",
		[]string{"enviados", "elementos enviados", "mensajes enviados", "correo enviado", "correos enviados", "enviado"},
		[]string{"correo no deseado", "correo electrónico no deseado", "no deseado", "correo basura", "no deseados"},
	},
	{
		"pt",
		[]string{"itens enviados", "mensagens enviadas", "enviadas", "e-mails enviados", "correio enviado", "itens enviadas"},
		[]string{"lixo eletrônico", "lixo eletrónico", "lixo electrónico", "correio não solicitado", "e-mail de lixo eletrónico", "email de lixo", "e-mail de lixo"},
	},
	{
		"it",
		[]string{"inviata", "posta inviata", "inviati", "messaggi inviati", "elementi inviati", "inviate"},
		[]string{"posta indesiderata", "indesiderata", "indesiderati", "messaggi indesiderati"},
	},
	{
		"nl",
		[]string{"verzonden", "verzonden items", "verzonden berichten", "verzonden objecten", "verzonden e-mail"},
		[]string{"ongewenste e-mail", "ongewenst", "ongewenste berichten", "ongewenste reclame"},
	},
	{"sv", []string{"skickat", "skickade", "skickade objekt", "skickade meddelanden"}, []string{"skräppost", "skräp"}},
	{"da", []string{"sendt post", "sendt", "sendte elementer", "sendte", "sendt e-mail", "sendte beskeder"}, []string{"uønsket e-mail", "uønsket mail", "uønsket post", "uønsket"}},
	{"nb", []string{"sendte e-poster", "sendte meldinger", "sendt e-post"}, []string{"søppelpost", "søppel-e-post", "søppel", "uønsket e-post"}},
	{"fi", []string{"lähetetyt", "lähetetyt kohteet", "lähetetyt viestit", "lähetetty"}, []string{"roskaposti", "roskapostit"}},
	{"is", []string{"send skeyti", "sent", "sendir hlutir"}, []string{"ruslpóstur"}},
	{"pl", []string{"wysłane", "elementy wysłane", "wiadomości wysłane", "wysłana poczta"}, []string{"wiadomości-śmieci", "wiadomości śmieci", "niechciane", "śmieci"}},
	{"cs", []string{"odeslané", "odeslaná pošta", "odeslaná", "odeslané položky"}, []string{"nevyžádaná pošta", "nevyžádané"}},
	{"sk", []string{"odoslané", "odoslaná pošta", "odoslané položky"}, []string{"nevyžiadaná pošta", "nevyžiadané"}},
	{"hu", []string{"elküldött elemek", "elküldött", "elküldöttek", "küldöttek", "elküldött üzenetek"}, []string{"levélszemét", "kéretlen", "kéretlen levelek"}},
	{"ro", []string{"trimise", "elemente trimise", "mesaje trimise"}, []string{"e-mail nedorit", "nedorite", "mesaje nedorite"}},
	{"bg", []string{"изпратени", "изпратени елементи", "изпратена поща"}, []string{"нежелана поща", "спам"}},
	{"el", []string{"απεσταλμένα", "στοιχεία που έχουν αποσταλεί", "σταλμένα", "απεσταλμένα στοιχεία"}, []string{"ανεπιθύμητα", "ανεπιθύμητη αλληλογραφία"}},
	{"tr", []string{"gönderilmiş öğeler", "gönderilenler", "gönderilmiş", "gönderilen", "giden", "gönderilen öğeler"}, []string{"önemsiz e-posta", "gereksiz e-posta", "istenmeyen", "önemsiz"}},
	{"ru", []string{"отправленные", "отправленное", "отправленные элементы", "исходящие отправленные"}, []string{"нежелательная почта", "спам", "подозрительные"}},
	{"uk", []string{"надіслані", "надіслані елементи", "відправлені", "відіслані"}, []string{"небажана пошта", "спам"}},
	{"be", []string{"дасланыя", "адпраўленыя"}, []string{"спам"}},
	{"sr", []string{"послате", "послате ставке", "poslate stavke", "poslato", "послато"}, []string{"нежељена е-пошта", "отпад", "bezvredna e-pošta", "neželjena pošta"}},
	{"hr", []string{"poslano", "poslane stavke", "poslana pošta", "poslane poruke"}, []string{"neželjena e-pošta", "bezvrijedna e-pošta"}},
	{"sl", []string{"poslano", "poslana pošta", "poslani elementi"}, []string{"neželena pošta", "neželena e-pošta", "neželena sporočila"}},
	{"et", []string{"saadetud", "saadetud kirjad", "saadetud üksused"}, []string{"rämpspost"}},
	{"lv", []string{"nosūtītās", "nosūtītie vienumi", "nosūtītie"}, []string{"mēstules", "nevēlamais e-pasts"}},
	{"lt", []string{"išsiųsti", "išsiųsti laiškai", "išsiųsti elementai", "išsiųstieji"}, []string{"brukalas", "šlamštas", "nepageidaujamas el. paštas"}},
	{"ja", []string{"送信済み", "送信済みアイテム", "送信済みメール", "送信済みトレイ", "送信箱"}, []string{"迷惑メール", "迷惑メッセージ"}},
	{"zh", []string{"已发送", "已发送邮件", "已发送的邮件", "已发邮件", "寄件備份", "寄件备份", "已傳送", "已傳送郵件", "寄件匣", "已寄出郵件"}, []string{"垃圾邮件", "垃圾郵件", "垃圾箱"}},
	{"ko", []string{"보낸 편지함", "보낸편지함", "보낸 메일함", "보낸메일함", "보낸 항목"}, []string{"스팸 편지함", "스팸편지함", "스팸메일함", "정크 메일", "스팸함"}},
	{"vi", []string{"đã gửi", "thư đã gửi", "mục đã gửi"}, []string{"thư rác"}},
	{"th", []string{"รายการที่ถูกส่ง", "จดหมายที่ส่งแล้ว", "ส่งแล้ว"}, []string{"อีเมลขยะ", "จดหมายขยะ", "กล่องจดหมายขยะ"}},
	{"id", []string{"terkirim", "item terkirim", "pesan terkirim", "kotak terkirim"}, []string{"email sampah"}},
	{"he", []string{"פריטים שנשלחו", "נשלח", "דואר שנשלח"}, []string{"דואר זבל", "זבל"}},
	{"ar", []string{"العناصر المرسلة", "المرسل", "البريد المرسل", "الرسائل المرسلة"}, []string{"البريد غير الهام", "غير المرغوب", "البريد العشوائي"}},
	{"fa", []string{"ارسال شده", "موارد ارسال شده"}, []string{"هرزنامه", "بنجل"}},
	{"ca", []string{"enviats", "elements enviats", "missatges enviats"}, []string{"correu brossa"}},
	{"eu", []string{"bidalitakoak", "bidalitako elementuak"}, []string{"zabor-posta"}},
	{"gl", []string{"elementos enviados", "correo enviado"}, []string{"correo lixo"}},
	{"hi", []string{"भेजा गया", "भेजे गए आइटम"}, []string{"जंक ईमेल", "स्पैम"}},
}

func sentNames() []string {
	var all []string
	for _, l := range languages {
		all = append(all, l.sent...)
	}
	return all
}

func junkNames() []string {
	var all []string
	for _, l := range languages {
		all = append(all, l.junk...)
	}
	return all
}
