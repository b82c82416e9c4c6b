// Package config reads the settings of the program from a file, the environment
// and the command line into one typed struct. Every error names the key.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
	"go.uber.org/zap/zapcore"

	"faqbot/channels/httpapi"
	"faqbot/cmd/internal/database"
)

// Config holds every setting.
type Config struct {
	// Database is where the knowledge is kept: a path for SQLite, or
	// postgres://user:password@host/name.
	Database string
	// IndexDir holds the search index, which may be deleted at any time.
	IndexDir string
	// LogLevel is the least level that is written.
	LogLevel zapcore.Level
	// Zone is the time zone of dates in files.
	Zone *time.Location
	// AnswerAt, SuggestAt and Margin override the thresholds of the matcher; zero
	// keeps the fitted ones.
	AnswerAt  float64
	SuggestAt float64
	Margin    float64
	// Listen is where customers come in, Admin where health, metrics and profiles
	// are; an empty Admin means nowhere.
	Listen string
	Admin  string
	// Bus is the address of a NATS server; empty means within this process.
	Bus string
	// Rules is a file of dialogue rules; empty means those built in.
	Rules string
	// Sites are the origins of the pages that may show the chat.
	Sites []string
	// Proxies may say who the client is.
	Proxies httpapi.Proxies
	// KeyFile holds the key that seals secrets in the database; see Key.
	KeyFile string
	// HTTPS says whether browsers reach the console by https only; see Secure.
	HTTPS string
	// Address is where customers reach this program from outside, for links in
	// answers; empty if they need none.
	Address string
	// WeChat is the address of the platform's API; empty means its own.
	WeChat string
	// NetworkLimits scales what one address may do; zero sets no limits on
	// addresses and on all visitors together.
	NetworkLimits float64

	origins map[string]string
}

// option describes one key.
type option struct {
	key   string
	value string // default
	doc   string // on the screen
	set   func(*Config, string) error
}

// options lists every key; its order is that of Settings.
func options() []option {
	return []option{
		{"database", "faqbot.db", "知识库的数据库：SQLite 文件路径，或 postgres://用户:密码@主机/库名", func(c *Config, s string) error {
			c.Database = s
			return required(s)
		}},
		{"index.dir", "", "检索索引的目录，可随时删除；默认在数据库文件旁边", func(c *Config, s string) error {
			c.IndexDir = s
			return nil
		}},
		{"log.level", "warn", "日志级别：debug、info、warn、error", func(c *Config, s string) error {
			return c.LogLevel.UnmarshalText([]byte(s))
		}},
		{"timezone", "Asia/Shanghai", "文件中日期所用的时区", func(c *Config, s string) (err error) {
			c.Zone, err = time.LoadLocation(s)
			return errors.Join(err, required(s))
		}},
		{"match.answer", "0", "达到这一把握才直接回答，0 到 1；0 表示用内置值", func(c *Config, s string) error {
			return parseShare(&c.AnswerAt, s)
		}},
		{"match.suggest", "0", "达到这一把握才推荐候选问题，0 到 1；0 表示用内置值", func(c *Config, s string) error {
			return parseShare(&c.SuggestAt, s)
		}},
		{"match.margin", "0", "第一名至少领先第二名的比例，0 到 1；0 表示用内置值", func(c *Config, s string) error {
			return parseShare(&c.Margin, s)
		}},
		{"listen", "127.0.0.1:8080", "访客使用的网址和端口；对外服务写 :8080", func(c *Config, s string) error {
			c.Listen = s
			return checkAddress(s)
		}},
		{"admin.listen", "127.0.0.1:8081", "健康检查、监控指标用的地址，不要对外开放；写 off 关闭", func(c *Config, s string) error {
			if s == "off" {
				return nil
			}
			c.Admin = s
			return checkAddress(s)
		}},
		{"bus", "", "多台机器之间传消息的 NATS 地址，如 nats://10.0.0.5:4222；留空只在本机", func(c *Config, s string) error {
			c.Bus = s
			return checkBus(s)
		}},
		{"chat.rules", "", "对话规则文件（YAML），faqbot rules 可打印一份；留空用内置的", func(c *Config, s string) error {
			c.Rules = s
			return nil
		}},
		{"chat.sites", "", "允许嵌入聊天窗的网站，如 https://www.example.com，用逗号隔开；本服务自己的页面总是允许", func(c *Config, s string) (err error) {
			c.Sites, err = parseSites(s)
			return err
		}},
		{"proxies", "", "可信的反向代理，如 10.0.0.0/8，用逗号隔开；只有它们说的访客 IP 才算数", func(c *Config, s string) (err error) {
			c.Proxies, err = parseProxies(s)
			return err
		}},
		{"secrets.key", "", "密钥文件，用来加密数据库里的机密；没有就自动生成，默认在数据库文件旁边；多台机器要用同一份", func(c *Config, s string) error {
			c.KeyFile = s
			return nil
		}},
		{"console.https", "auto", "管理后台是否只走 https：on、off；auto 只在本机地址上允许 http", func(c *Config, s string) error {
			c.HTTPS = s
			return oneOf(s, "auto", "on", "off")
		}},
		{"address", "", "顾客从外面访问本服务的网址，如 https://kefu.example.com；公众号里的相对链接要用它", func(c *Config, s string) error {
			c.Address = strings.TrimSuffix(s, "/")
			return checkURL(s)
		}},
		{"wechat.api", "", "微信接口的地址；留空用微信自己的，没有公众号时可填 faqbot wechat-sim 的地址", func(c *Config, s string) error {
			c.WeChat = strings.TrimSuffix(s, "/")
			return checkURL(s)
		}},
		{"limits.network", "1", "同一个 IP 的连接数和快慢的限制放大多少倍；很多访客共用一个 IP 时调大，0 不限制", func(c *Config, s string) error {
			return parseScale(&c.NetworkLimits, s)
		}},
	}
}

// checkURL takes an address with http or https, or nothing.
func checkURL(s string) error {
	if s == "" {
		return nil
	}
	if u, err := url.Parse(s); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%q 要写成 https://example.com 这样的网址", s)
	}
	return nil
}

func checkAddress(s string) error {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("%q 要写成 地址:端口，如 127.0.0.1:8080 或 :8080", s)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("端口 %q 要在 0 到 65535 之间", port)
	}
	return nil
}

func checkBus(s string) error {
	if u, err := url.Parse(s); s != "" && (err != nil || u.Host == "" || u.Scheme != "nats" && u.Scheme != "tls") {
		return errors.New("要写成 nats://主机:端口")
	}
	return nil
}

// listed returns the parts of a list with commas or blanks.
func listed(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == '，' || r == ' ' })
}

func parseSites(s string) ([]string, error) {
	var sites []string
	for _, text := range listed(s) {
		site, err := httpapi.ParseOrigin(text)
		if err != nil {
			return nil, fmt.Errorf("%q 不是网站地址，要写成 https://www.example.com", text)
		}
		sites = append(sites, site)
	}
	return sites, nil
}

func parseProxies(s string) (httpapi.Proxies, error) {
	var proxies httpapi.Proxies
	for _, text := range listed(s) {
		proxy, err := httpapi.ParseProxies([]string{text})
		if err != nil {
			return nil, fmt.Errorf("%q 不是 IP 或网段", text)
		}
		proxies = append(proxies, proxy...)
	}
	return proxies, nil
}

func required(s string) error {
	if strings.TrimSpace(s) == "" {
		return errors.New("不能为空")
	}
	return nil
}

func oneOf(s string, values ...string) error {
	if !slices.Contains(values, s) {
		return fmt.Errorf("只能是 %s，不能是 %q", strings.Join(values, "、"), s)
	}
	return nil
}

func parseShare(to *float64, s string) error {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || !(x >= 0 && x <= 1) {
		return fmt.Errorf("%q 不是 0 到 1 之间的数", s)
	}
	*to = x
	return nil
}

func parseScale(to *float64, s string) error {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || !(x >= 0 && x <= 1e6) {
		return fmt.Errorf("%q 不是 0 到 1000000 之间的数", s)
	}
	*to = x
	return nil
}

// EnvPrefix starts the name of every environment variable: log.level is
// FAQBOT_LOG_LEVEL.
const EnvPrefix = "FAQBOT_"

// EnvName returns the environment variable of a key.
func EnvName(key string) string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// Load reads the settings: what is set in flags wins over the environment, that
// over the file, that over the defaults. The file named by path must exist; with
// an empty path FAQBOT_CONFIG is used, and failing that no file.
func Load(path string, getenv func(string) string, flags map[string]string) (*Config, error) {
	if path == "" {
		path = getenv(EnvPrefix + "CONFIG")
	}
	stored, err := readFile(path)
	if err != nil {
		return nil, err
	}
	c := &Config{origins: map[string]string{}}
	var problems []error
	for _, o := range options() {
		value, origin := o.value, "默认值"
		if v, ok := stored[o.key]; ok {
			value, origin = v, "文件 "+path
		}
		if v := getenv(EnvName(o.key)); v != "" {
			value, origin = v, "环境变量 "+EnvName(o.key)
		}
		if v, ok := flags[o.key]; ok && v != "" {
			value, origin = v, "命令行"
		}
		c.origins[o.key] = origin
		if err := o.set(c, value); err != nil {
			problems = append(problems, fmt.Errorf("配置项 %s（来自%s）：%w", o.key, origin, err))
		}
	}
	return c, errors.Join(append(problems, c.validate())...)
}

// readFile returns the settings of a YAML file as text, by key.
func readFile(path string) (map[string]string, error) {
	if path == "" {
		return nil, nil
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("找不到配置文件 %s", path)
	}
	k := koanf.New(".")
	if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
		return nil, fmt.Errorf("配置文件 %s 不是正确的 YAML：%w", path, err)
	}
	values := map[string]string{}
	var problems []error
	for _, key := range k.Keys() {
		if err := known(key); err != nil {
			problems = append(problems, fmt.Errorf("配置文件 %s：%w", path, err))
		}
		values[key] = text(k.Get(key))
	}
	return values, errors.Join(problems...)
}

// text is a value of a file as a flag would give it.
func text(value any) string {
	list, ok := value.([]any)
	switch {
	case value == nil:
		return ""
	case !ok:
		return fmt.Sprint(value)
	}
	parts := make([]string, len(list))
	for i, part := range list {
		parts[i] = fmt.Sprint(part)
	}
	return strings.Join(parts, ",")
}

// known refuses a key that no setting has, and names the nearest.
func known(key string) error {
	nearest, distance := "", 4
	for _, o := range options() {
		if o.key == key {
			return nil
		}
		if d := editDistance(o.key, key); d < distance {
			nearest, distance = o.key, d
		}
	}
	if nearest != "" {
		return fmt.Errorf("没有配置项 %s，是不是想写 %s？", key, nearest)
	}
	return fmt.Errorf("没有配置项 %s，运行 faqbot checkconfig 可看到全部配置项", key)
}

func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			next := min(row[j]+1, row[j+1]+1)
			if a[i] == b[j] {
				next = min(next, diagonal)
			} else {
				next = min(next, diagonal+1)
			}
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}

// validate checks what concerns several keys.
func (c *Config) validate() error {
	if c.AnswerAt > 0 && c.SuggestAt > c.AnswerAt {
		return fmt.Errorf("配置项 match.suggest（%g）不能大于 match.answer（%g）", c.SuggestAt, c.AnswerAt)
	}
	return nil
}

// Index returns the directory of the index: IndexDir, or beside a database file,
// or in the user's cache for a database server; empty for a database in memory,
// whose index lives no longer.
func (c *Config) Index() (string, error) {
	if c.IndexDir != "" {
		return c.IndexDir, nil
	}
	if path := database.File(c.Database); path != "" {
		return path + ".index", nil
	}
	if strings.HasSuffix(c.Database, ":memory:") {
		return "", nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("配置项 index.dir：请写明索引目录：%w", err)
	}
	return filepath.Join(cache, "faqbot", "index"), nil
}

// Key returns the file of the key: KeyFile, or beside a database file, or in the
// user's settings for a database server; empty for a database in memory, whose
// secrets live no longer.
func (c *Config) Key() (string, error) {
	if c.KeyFile != "" {
		return c.KeyFile, nil
	}
	if path := database.File(c.Database); path != "" {
		return path + ".key", nil
	}
	if strings.HasSuffix(c.Database, ":memory:") {
		return "", nil
	}
	settings, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("配置项 secrets.key：请写明密钥文件：%w", err)
	}
	return filepath.Join(settings, "faqbot", "faqbot.key"), nil
}

// Secure reports whether browsers reach the console by https only. Unless that is
// said, it is so but on this machine.
func (c *Config) Secure() bool {
	if c.HTTPS != "auto" {
		return c.HTTPS == "on"
	}
	host, _, err := net.SplitHostPort(c.Listen)
	ip := net.ParseIP(host)
	return err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback())
}

// Setting is one key as it is in force.
type Setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
	Env    string `json:"env"`
	Doc    string `json:"doc"`
}

// Settings lists every key with its value, passwords hidden, and where the value
// came from.
func (c *Config) Settings() []Setting {
	values := map[string]string{
		"database": hidePassword(c.Database), "index.dir": c.IndexDir, "log.level": c.LogLevel.String(),
		"timezone": c.Zone.String(), "match.answer": share(c.AnswerAt), "match.suggest": share(c.SuggestAt),
		"match.margin": share(c.Margin), "listen": c.Listen, "admin.listen": offIfEmpty(c.Admin), "bus": hidePassword(c.Bus),
		"chat.rules": c.Rules, "chat.sites": strings.Join(c.Sites, ","), "proxies": joinPrefixes(c.Proxies), "limits.network": share(c.NetworkLimits),
		"secrets.key": c.KeyFile, "console.https": c.HTTPS,
	}
	var settings []Setting
	for _, o := range options() {
		settings = append(settings, Setting{o.key, values[o.key], c.origins[o.key], EnvName(o.key), o.doc})
	}
	return settings
}

func offIfEmpty(s string) string {
	if s == "" {
		return "off"
	}
	return s
}

func joinPrefixes(prefixes []netip.Prefix) string {
	texts := make([]string, len(prefixes))
	for i, p := range prefixes {
		texts[i] = p.String()
	}
	return strings.Join(texts, ",")
}

func share(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// hidePassword replaces the password of a URL.
func hidePassword(dsn string) string {
	scheme, rest, ok := strings.Cut(dsn, "://")
	if !ok {
		return dsn
	}
	at := strings.LastIndex(rest, "@")
	if user, _, has := strings.Cut(rest[:max(0, at)], ":"); has {
		return scheme + "://" + user + ":***" + rest[at:]
	}
	return dsn
}
