package bot

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// PreChat is the form that a visitor fills in before a conversation.
type PreChat struct {
	Fields []FormField `yaml:"fields" json:"fields"` // none means that there is no form
	// Consent is what the visitor has to agree to; empty means to nothing.
	Consent string `yaml:"consent" json:"consent"`
}

// FormField is one field of a PreChat.
type FormField struct {
	Name     string    `yaml:"name" json:"name"` // one of CustomerFields
	Label    string    `yaml:"label" json:"label"`
	Required bool      `yaml:"required" json:"required"`
	Type     FieldType `yaml:"type" json:"type"`
	Options  []string  `yaml:"options" json:"options,omitempty"` // of a choice
}

// FieldType says what a field takes.
type FieldType string

// The types of fields.
const (
	FieldText   FieldType = "text"
	FieldPhone  FieldType = "phone"
	FieldEmail  FieldType = "email"
	FieldChoice FieldType = "choice" // one of the options
)

func fieldTypes() []FieldType { return []FieldType{FieldText, FieldPhone, FieldEmail, FieldChoice} }

// Limits of a form: how many, and characters.
const (
	maxFormFields  = 8
	maxFormOptions = 20
	maxLabel       = 30
	maxConsent     = 1000
	maxFormValue   = 200
)

// Agreement names the text of the consent: who sends it has seen this text. It is
// empty if there is nothing to agree to.
func (p *PreChat) Agreement() string {
	if p.Consent == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(p.Consent))
	return hex.EncodeToString(sum[:8])
}

// form returns the form of a place, or nil if there is none.
func (s *Speech) form() *PreChat {
	if len(s.PreChat.Fields) == 0 {
		return nil
	}
	form := PreChat{Fields: slices.Clone(s.PreChat.Fields), Consent: s.PreChat.Consent}
	for i := range form.Fields {
		if f := &form.Fields[i]; f.Type == "" {
			f.Type = FieldText
		}
	}
	return &form
}

func (p *PreChat) validate() error {
	switch {
	case len(p.Fields) > maxFormFields:
		return fmt.Errorf("prechat.fields 最多 %d 个栏目", maxFormFields)
	case utf8.RuneCountInString(p.Consent) > maxConsent:
		return fmt.Errorf("prechat.consent 最多 %d 个字", maxConsent)
	case p.Consent != "" && isBlank(p.Consent):
		return errors.New("prechat.consent 不能只有空白")
	}
	var names []string
	for i, f := range p.Fields {
		if err := f.validate(); err != nil {
			return fmt.Errorf("prechat.fields 第 %d 个：%w", i+1, err)
		}
		if slices.Contains(names, f.Name) {
			return fmt.Errorf("prechat.fields 里 %s 出现了两次", f.Name)
		}
		names = append(names, f.Name)
	}
	return nil
}

func (f *FormField) validate() error {
	switch {
	case !slices.Contains(CustomerFields(), f.Name):
		return fmt.Errorf("没有 name: %q 这个栏目，可用的有 %s", f.Name, strings.Join(CustomerFields(), "、"))
	case isBlank(f.Label):
		return fmt.Errorf("%s 没有写 label", f.Name)
	case utf8.RuneCountInString(f.Label) > maxLabel:
		return fmt.Errorf("%s 的 label 最多 %d 个字", f.Name, maxLabel)
	case f.Type != "" && !slices.Contains(fieldTypes(), f.Type):
		return fmt.Errorf("%s 的 type 只能是 %v 之一，不能是 %q", f.Name, fieldTypes(), f.Type)
	case f.Type != FieldChoice && len(f.Options) > 0:
		return fmt.Errorf("%s 有 options，type 要写 choice", f.Name)
	case f.Type == FieldChoice && len(f.Options) == 0:
		return fmt.Errorf("%s 是 choice，要写 options", f.Name)
	case len(f.Options) > maxFormOptions:
		return fmt.Errorf("%s 的 options 最多 %d 个", f.Name, maxFormOptions)
	}
	for i, o := range f.Options {
		switch {
		case isBlank(o) || utf8.RuneCountInString(o) > maxFormValue:
			return fmt.Errorf("%s 的 options 每个要有 1 到 %d 个字", f.Name, maxFormValue)
		case slices.Contains(f.Options[:i], o):
			return fmt.Errorf("%s 的 options 里 %s 出现了两次", f.Name, o)
		}
	}
	return nil
}

var (
	phoneShape = regexp.MustCompile(`^\+?[0-9][0-9 ()-]{4,18}[0-9]$`)
	emailShape = regexp.MustCompile(`^[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+$`)
)

// checkForm checks a form that was filled in against the one of the place, and
// keeps only what that asks for. A form that was stored before is not checked
// again: the rules may have changed since.
func (in *Inbound) checkForm(form *PreChat) error {
	if form == nil {
		return &InvalidError{"kind", "这里没有要填写的资料"}
	}
	fields := map[string]string{}
	for _, f := range form.Fields {
		value, err := f.read(in.Card.Fields[f.Name])
		if err != nil {
			return err
		}
		if value != "" {
			fields[f.Name] = value
		}
	}
	switch agreed := form.Agreement(); {
	case agreed != "" && in.Card.Reason == "":
		return &InvalidError{"consent", "请先勾选同意"}
	case agreed != in.Card.Reason:
		return &InvalidError{"consent", "需要同意的内容刚刚更新过，请刷新页面后再提交"}
	}
	in.Card.Fields = fields
	if name := fields["name"]; name != "" {
		in.Profile.Name = name
	}
	return nil
}

// read returns the value of a field as it is kept.
func (f *FormField) read(value string) (string, error) {
	value = oneLine(value)
	wrong := ""
	switch {
	case value == "" && f.Required:
		wrong = "请填写" + f.Label
	case value == "":
	case utf8.RuneCountInString(value) > maxFormValue:
		wrong = fmt.Sprintf("%s最多 %d 个字", f.Label, maxFormValue)
	case f.Type == FieldPhone && !phoneShape.MatchString(value):
		wrong = "请检查" + f.Label + "，要写电话号码"
	case f.Type == FieldEmail && !emailShape.MatchString(value):
		wrong = "请检查" + f.Label + "，要写邮箱地址"
	case f.Type == FieldChoice && !slices.ContainsFunc(f.Options, func(o string) bool { return oneLine(o) == value }):
		wrong = "请选择" + f.Label
	}
	if wrong != "" {
		return "", &InvalidError{f.Name, wrong}
	}
	return value, nil
}
