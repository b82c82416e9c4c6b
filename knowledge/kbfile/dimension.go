package kbfile

import (
	"strings"
	"unicode/utf8"

	"faqbot/knowledge"
)

// channelNames are the names of channels as headers write them, in the form of
// Normalizer.Key, with the names the channels have here.
var channelNames = map[string]string{
	"微信": "wechat", "微信公众号": "wechat", "公众号": "wechat", "微信端": "wechat", "wechat": "wechat", "weixin": "wechat", "wx": "wechat",
	"网站": "web", "网页": "web", "网页端": "web", "官网": "web", "web": "web", "web端": "web", "pc": "web", "pc端": "web",
	"app": "app", "app端": "app", "h5": "h5", "小程序": "miniprogram", "微信小程序": "miniprogram", "电话": "phone", "短信": "sms",
}

// everyone are the words for no dimension at all.
const everyone = " 全部 所有 不限 默认 通用 全渠道 全国 all default "

// dimensionInBrackets reads 答案(微信) and 答案(渠道:app;地区:华东;等级:VIP). What is in
// brackets and no dimension (必填) gives the zero Dimension.
func (d *dictionary) dimensionInBrackets(f Field, raw string) knowledge.Dimension {
	if f != FieldAnswer {
		return knowledge.Dimension{}
	}
	start := strings.IndexAny(raw, openBrackets)
	end := strings.LastIndexAny(raw, closeBrackets)
	if start < 0 || end < start {
		return knowledge.Dimension{}
	}
	_, size := utf8.DecodeRuneInString(raw[start:])
	inner := strings.TrimSpace(raw[start+size : end])
	if channel, ok := channelNames[d.norm.Key(inner)]; ok {
		return knowledge.Dimension{Channel: channel}
	}
	return d.parseDimension(inner)
}

// parseDimension reads "渠道:app;地区:华东;等级:VIP", in which a backslash makes the
// next character text. Parts it does not know are left out.
func (d *dictionary) parseDimension(s string) knowledge.Dimension {
	var dim knowledge.Dimension
	var key, value strings.Builder
	into, escaped := &key, false
	set := func() {
		d.setDimension(&dim, strings.TrimSpace(key.String()), strings.TrimSpace(value.String()))
		key.Reset()
		value.Reset()
		into = &key
	}
	for _, r := range s {
		switch {
		case escaped:
			into.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case (r == ':' || r == '：') && into == &key:
			into = &value
		case r == ';' || r == '；':
			set()
		default:
			into.WriteRune(r)
		}
	}
	set()
	return dim
}

func (d *dictionary) setDimension(dim *knowledge.Dimension, key, value string) {
	if value == "" {
		return
	}
	if m := d.names[d.norm.Key(key)]; m.field == FieldChannel {
		dim.Channel = value
	} else if m.field == FieldRegion {
		dim.Region = value
	} else if m.field == FieldLevel {
		dim.Level = value
	} else if d.norm.Key(key) == "视角" {
		*dim = d.perspective(value)
	}
}

// dimensionInName reads 微信答案, 答案_微信 and 视角:XXX.
func (d *dictionary) dimensionInName(raw, name string) (knowledge.Dimension, bool) {
	if rest, ok := strings.CutPrefix(strings.TrimSpace(raw), "视角"); ok {
		if rest = strings.TrimLeft(rest, " :：_-"); rest != "" {
			return d.perspective(rest), true
		}
	}
	for channel, id := range channelNames {
		rest, ok := strings.CutPrefix(name, channel)
		if !ok {
			rest, ok = strings.CutSuffix(name, channel)
		}
		if ok && d.names[rest].field == FieldAnswer {
			return knowledge.Dimension{Channel: id}, true
		}
	}
	return knowledge.Dimension{}, false
}

// perspective guesses what a name of a 视角 describes: a known channel, a region
// by its last character, else a level of customers.
func (d *dictionary) perspective(name string) knowledge.Dimension {
	if channel, ok := channelNames[d.norm.Key(name)]; ok {
		return knowledge.Dimension{Channel: channel}
	}
	if strings.Contains(everyone, " "+d.norm.Key(name)+" ") {
		return knowledge.Dimension{}
	}
	for _, suffix := range []string{"省", "市", "区", "县", "州", "地区", "华东", "华南", "华北", "华中", "西南", "西北", "东北"} {
		if strings.HasSuffix(name, suffix) {
			return knowledge.Dimension{Region: name}
		}
	}
	return knowledge.Dimension{Level: name}
}

// channelList reads the cell of a 渠道 column: names separated by punctuation. An
// empty list means every channel.
func (d *dictionary) channelList(cell string) []string {
	var channels []string
	for _, name := range strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(",，、;；/|\n", r) }) {
		name = strings.TrimSpace(name)
		key := d.norm.Key(name)
		switch id, known := channelNames[key]; {
		case name == "":
		case strings.Contains(everyone, " "+key+" "):
			return nil
		case known:
			channels = append(channels, id)
		default:
			channels = append(channels, name)
		}
	}
	return channels
}

var dimensionEscaper = strings.NewReplacer(`\`, `\\`, `;`, `\;`, `；`, `\；`)

// answerHeader is the inverse of lookup for the answers of our own layout.
func answerHeader(dim knowledge.Dimension) string {
	switch dim {
	case knowledge.Dimension{}:
		return "答案"
	case knowledge.Dimension{Channel: "wechat"}:
		return "答案(微信)"
	case knowledge.Dimension{Channel: "web"}:
		return "答案(网站)"
	}
	var parts []string
	for _, p := range [][2]string{{"渠道", dim.Channel}, {"地区", dim.Region}, {"等级", dim.Level}} {
		if p[1] != "" {
			parts = append(parts, p[0]+":"+dimensionEscaper.Replace(p[1]))
		}
	}
	return "答案(" + strings.Join(parts, ";") + ")"
}
