package reply

// shape is what the signs of a line above a quote come to.
type shape struct {
	rule           string
	need, one, not signs // all of need, at least one of one if there are any, none of not
	size           int   // bytes that it may have; 0: any
	marked         bool  // only above lines with quote marks
	sure           bool  // even above others
	sureIf         signs // with one of those, or above marks
}

// shapes are tried in their order. Words of a sentence speak against a line that a
// program has written.
var shapes = []shape{
	{rule: "wrote", need: signVerbEnd | signColon, one: signDate | signAddress, sure: true},
	{rule: "wrote", need: signVerb | signColon | signDate, one: signIntro | signAddress, not: signAfter, sure: true},
	{rule: "wrote", need: signVerb | signColon | signDate | signTime, not: signAfter | signSome, size: 120, sure: true},
	{rule: "wrote", need: signVerb | signColon | signAddress, not: signAfter, size: 200, sure: true},
	{rule: "wrote", need: signVerbEnd, one: signDate | signIntro, size: 200, sureIf: signAddress | signTime},
	{rule: "wrote", need: signVerbEnd | signDate | signAddress, size: 200, sure: true},
	{rule: "date-address", need: signDateHead | signAddress, one: signColon | signAngle, not: signWordy, size: 200, sure: true},
	{rule: "date-zone", need: signDateHead | signZone | signTime, one: signColon | signAngle | signNamed, not: signStop | signWordy, size: 120, sure: true},
	{rule: "date-zone", need: signDateHead | signZone | signTime, not: signStop | signWordy, size: 120, marked: true, sure: true},
	{rule: "date-address", need: signColon | signDate | signAddress, not: signWordy, size: 250, sureIf: signBracket},
	{rule: "wrote-quote", need: signVerbEnd, not: signSaid, size: 120, marked: true},
	{rule: "wrote-quote", need: signVerb | signColon, not: signAfter | signSaid, size: 120, marked: true},
	{rule: "date-quote", need: signColon | signDate, not: signWordy, size: 160, marked: true},
	{rule: "date-quote", need: signDate | signAddress, not: signWordy, size: 251, marked: true},
	{rule: "address-quote", need: signColon | signAddress, not: signWordy, size: 251, marked: true},
}

// judge decides by the signs of all lines together.
func judge(g signs, size int, quoted bool) (rule string, sure bool) {
	for i := range shapes {
		s := &shapes[i]
		if g&s.need != s.need || g&s.not != 0 || s.one != 0 && g&s.one == 0 || s.size > 0 && size >= s.size || s.marked && !quoted {
			continue
		}
		return s.rule, s.sure || s.sureIf != 0 && (quoted || g&s.sureIf != 0)
	}
	return "", false
}
