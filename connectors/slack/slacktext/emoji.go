package slacktext

import (
	"hash/fnv"
	"strconv"
	"strings"
	"sync"

	"go.mau.fi/util/emojishortcodes"
	"go.mau.fi/util/variationselector"
)

// byName is the table of names, built on first use.
var byName = sync.OnceValue(func() map[string]string {
	all := map[string]string{"thumbsup": "👍", "thumbsdown": "👎", "simple_smile": "🙂", "slightly_smiling_face": "🙂"}
	for emoji, name := range emojishortcodes.GetMap() {
		if name = strings.Trim(name, ":"); all[name] == "" {
			all[name] = variationselector.FullyQualify(variationselector.Remove(emoji))
		}
	}
	return all
})

// The skin tones, as Slack numbers them from 2 on.
var tones = [...]string{"🏻", "🏼", "🏽", "🏾", "🏿"}

const toneMark = "::skin-tone-"

// EmojiOf returns the emoji with a name such as "+1" or "+1::skin-tone-3". ok is
// false for custom emoji of a workspace.
func EmojiOf(name string) (emoji string, ok bool) {
	base, tone, _ := strings.Cut(strings.Trim(name, ":"), toneMark)
	emoji, ok = byName()[base]
	if n, err := strconv.Atoi(tone); ok && err == nil {
		emoji = toned(emoji, n)
	}
	return emoji, ok
}

// toned gives an emoji a skin tone from 2 to 6. Other tones change nothing.
func toned(emoji string, tone int) string {
	if tone < 2 || tone > 6 {
		return emoji
	}
	return strings.TrimSuffix(emoji, "\ufe0f") + tones[tone-2]
}

// EmojiName returns the name of an emoji for reactions.add. ok is false if it has
// none.
func EmojiName(emoji string) (name string, ok bool) {
	if strings.HasPrefix(emoji, ":") && strings.HasSuffix(emoji, ":") && len(emoji) > 2 {
		return strings.Trim(emoji, ":"), true
	}
	tone := ""
	for i, t := range tones {
		if strings.Contains(emoji, t) {
			emoji, tone = strings.ReplaceAll(emoji, t, ""), toneMark+strconv.Itoa(i+2)
		}
	}
	for _, form := range []string{emoji, emoji + "\ufe0f", strings.ReplaceAll(emoji, "\ufe0f", "")} {
		if name := strings.Trim(emojishortcodes.Get(form), ":"); name != "" {
			return name + tone, true
		}
	}
	return "", false
}

// icons are pictures for email participants, easy to tell apart.
var icons = [...]string{
	"apple", "avocado", "bamboo", "bear", "bird", "blossom", "boat", "cactus", "cat", "cherries", "four_leaf_clover", "crescent_moon", "deciduous_tree",
	"dolphin", "elephant", "evergreen_tree", "fox_face", "frog", "grapes", "hedgehog", "hibiscus", "kiwifruit", "koala", "lemon", "maple_leaf",
	"mushroom", "octopus", "owl", "palm_tree", "panda_face", "peach", "penguin", "pineapple", "rabbit", "rooster", "ship", "seedling",
	"snail", "sunflower", "tangerine", "tiger", "tulip", "turtle", "watermelon", "whale",
}

// Icon is the name of the picture for an email participant. The same id always has
// the same picture.
func Icon(sender string) string {
	h := fnv.New32a()
	h.Write([]byte(sender)) //nolint:errcheck // it never fails
	return icons[h.Sum32()%uint32(len(icons))]
}

// unified reads an emoji in the form "1f44d-1f3fd"; empty if it is not one.
func unified(s string) string {
	var out strings.Builder
	for part := range strings.SplitSeq(s, "-") {
		r, err := strconv.ParseInt(part, 16, 32)
		if err != nil || r <= 0x20 || r > 0x10ffff {
			return ""
		}
		out.WriteRune(rune(r))
	}
	return out.String()
}
