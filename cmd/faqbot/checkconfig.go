package main

import (
	"encoding/json"
	"fmt"
)

type checkconfigCommand struct {
	DB   string `name:"db" help:"数据库，如同其他命令的 --db。" placeholder:"DSN"`
	JSON bool   `name:"json" help:"输出 JSON。"`
}

// Run prints the settings in force and where each came from.
func (cmd *checkconfigCommand) Run(a *app) error {
	c, err := a.settings(map[string]string{"database": cmd.DB})
	if err != nil {
		return err
	}
	if _, err := model(c); err != nil {
		return &usageError{err}
	}
	if cmd.JSON {
		return json.NewEncoder(a.out).Encode(c.Settings())
	}
	for _, s := range c.Settings() {
		value := s.Value
		if value == "" {
			value = "（空）"
		}
		fmt.Fprintf(a.out, "%s = %s  ← %s\n%s%s（环境变量 %s）\n", pad(s.Key, 14), value, s.Origin, pad("", 17), s.Doc, s.Env)
	}
	return nil
}
