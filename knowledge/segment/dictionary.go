package segment

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

//go:generate go run faqbot/knowledge/segment/gendict -dir .

// dictionary holds lines of "word frequency" in order, and comments.
//
//go:embed dictionary.txt.gz
var dictionary []byte

// dictionaryWords is about how many words there are, to reserve memory.
const dictionaryWords = 140_000

// eachDictionaryWord calls visit for each word of the embedded dictionary.
func eachDictionaryWord(visit func(word string, frequency float64) error) error {
	unpacked, err := gzip.NewReader(bytes.NewReader(dictionary))
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(unpacked)
	for n := 1; lines.Scan(); n++ {
		word, number, ok := strings.Cut(lines.Text(), " ")
		if !ok || word == "#" {
			continue
		}
		frequency, err := strconv.Atoi(number)
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if err := visit(word, float64(frequency)); err != nil {
			return fmt.Errorf("line %d: %q: %w", n, word, err)
		}
	}
	return lines.Err()
}

// dictionaryVersion changes with the dictionary.
func dictionaryVersion() string {
	sum := sha256.Sum256(dictionary)
	return hex.EncodeToString(sum[:8])
}
