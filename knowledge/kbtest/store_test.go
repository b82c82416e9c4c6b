package kbtest_test

import (
	"testing"

	"faqbot/knowledge"
	"faqbot/knowledge/kbtest"
)

func TestFake(t *testing.T) {
	kbtest.TestStore(t, func(*testing.T) knowledge.Store { return kbtest.NewStore(kbtest.Key) })
}
