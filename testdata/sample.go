// Package testdata holds the sample knowledge: three shops, small talk, and
// questions to measure with. It is embedded, so that a fresh program has
// something to answer from.
package testdata

import "embed"

// FS holds NAME.kb.jsonl and NAME.queries.jsonl for each of Shops, and
// smalltalk.kb.jsonl.
//
//go:embed *.jsonl
var FS embed.FS

// Shops lists the sample shops: a gas-appliance dealer, a mobile operator's
// service hall, a car dealer with workshop.
func Shops() []string { return []string{"gas", "telecom", "auto"} }

// KnowledgeFiles returns the names of the files that make up a shop's knowledge:
// its own and the small talk.
func KnowledgeFiles(shop string) []string { return []string{shop + ".kb.jsonl", "smalltalk.kb.jsonl"} }
