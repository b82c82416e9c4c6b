package fit

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"faqbot/bot/intent"
)

// CountPrior returns the share of texts that use each character, for the
// characters used most. Every field counts the same, however many texts it has.
func CountPrior(fields [][]string, most int) intent.Prior {
	shares := map[rune]float64{}
	for _, texts := range fields {
		for r, n := range countCharacters(texts) {
			shares[r] += float64(n) / float64(len(texts)) / float64(len(fields))
		}
	}
	used := slices.SortedFunc(maps.Keys(shares), func(a, b rune) int {
		return cmp.Or(cmp.Compare(shares[b], shares[a]), cmp.Compare(a, b))
	})
	prior := intent.Prior{}
	for _, r := range used[:min(most, len(used))] {
		prior[string(r)] = math.Round(shares[r]*1e5) / 1e5
	}
	return prior
}

// countCharacters returns how many texts use each character.
func countCharacters(texts []string) map[rune]int {
	counts := map[rune]int{}
	for _, text := range texts {
		seen := map[rune]bool{}
		for _, r := range text {
			if !seen[r] {
				seen[r] = true
				counts[r]++
			}
		}
	}
	return counts
}
