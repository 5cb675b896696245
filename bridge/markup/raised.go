package markup

import "strings"

// Raised writes a superscript with the characters that Unicode has for it; false: not
// all of it has one.
func Raised(s string) (string, bool) {
	return shifted(s, "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ")
}

// Lowered does the same for a subscript.
func Lowered(s string) (string, bool) {
	return shifted(s, "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₙᵢ")
}

func shifted(s, to string) (string, bool) {
	const from, longest = "0123456789+-=()ni", 12
	s = strings.TrimSpace(strings.ReplaceAll(s, "−", "-"))
	if s == "" || len(s) > longest || strings.Trim(s, "0123456789+-=()") != "" && s != "n" && s != "i" {
		return s, false
	}
	chars := []rune(to)
	var out strings.Builder
	for _, r := range s {
		out.WriteRune(chars[strings.IndexRune(from, r)])
	}
	return out.String(), true
}
