package main

import (
	"fmt"
	"os"

	"faqbot/bot"
)

type rulesCommand struct {
	Check string `help:"检查这个文件，不打印。" placeholder:"文件"`
}

// Run prints the built-in dialogue rules, to be changed and named in the settings.
func (cmd *rulesCommand) Run(a *app) error {
	if cmd.Check == "" {
		_, err := a.out.Write(bot.DefaultRulesText())
		return err
	}
	if _, err := readRules(cmd.Check); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%s：没有问题。\n", cmd.Check)
	return nil
}

// readRules reads a file of dialogue rules; an empty path means the built-in ones.
func readRules(path string) (*bot.Rules, error) {
	if path == "" {
		return bot.DefaultRules()
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, &usageError{fmt.Errorf("配置项 chat.rules：%w", err)}
	}
	rules, err := bot.ParseRules(text)
	if err != nil {
		return nil, &usageError{fmt.Errorf("%s：%w", path, err)}
	}
	return rules, nil
}
