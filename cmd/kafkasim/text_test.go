package main

import (
	"bytes"
	"testing"
)

func TestHang(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, head, text string
		width            int
		want             string
	}{
		{"fits", "a  ", "one two", 40, "a  one two\n"},
		{"breaks at spaces, below the first", "a  ", "one two three four five six", 23, "a  one two three four\n   five six\n"},
		{"a line may be as wide as allowed", "a  ", "one two three four fi s", 26, "a  one two three four fi s\n"},
		{"a long word stands alone", "a  ", "one abcdefghijklmnopqrstuvwxyz two", 24, "a  one\n   abcdefghijklmnopqrstuvwxyz\n   two\n"},
		{"narrow", "a long head  ", "one two", 20, "a long head\n    one two\n"},
		{"letters and not bytes are counted", "é  ", "één twéé thréé", 17 + 6, "é  één twéé thréé\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got bytes.Buffer
			hang(&got, c.head, c.text, c.width)
			if got.String() != c.want {
				t.Errorf("got\n%s\nwant\n%s", got.String(), c.want)
			}
		})
	}
}

func TestFirstSentence(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"One. Two.":             "One.",
		"Takes 1.5 s\nor more.": "Takes 1.5 s or more.",
		"":                      "",
	} {
		if got := firstSentence(text); got != want {
			t.Errorf("firstSentence(%q) = %q, want %q", text, got, want)
		}
	}
}
