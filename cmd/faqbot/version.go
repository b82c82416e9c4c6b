package main

import (
	"encoding/json"
	"fmt"
	"runtime/debug"

	"faqbot/bot/intent"
)

type versionCommand struct {
	JSON bool `name:"json" help:"输出 JSON。"`
}

// Run prints what this binary is.
func (cmd *versionCommand) Run(a *app) error {
	m, err := intent.DefaultModel()
	if err != nil {
		return err
	}
	version, revision, goVersion := buildInfo()
	if cmd.JSON {
		return json.NewEncoder(a.out).Encode(map[string]string{
			"version": version, "revision": revision, "go": goVersion, "model": m.Fingerprint(),
		})
	}
	fmt.Fprintf(a.out, "faqbot %s（%s，%s，模型 %s）\n", version, revision, goVersion, m.Fingerprint())
	return nil
}

// buildInfo reads what the Go tool recorded.
func buildInfo() (version, revision, goVersion string) {
	version, revision = "开发版", "无版本信息"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return version, revision, ""
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		version = v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = s.Value
		}
	}
	return version, revision, info.GoVersion
}
