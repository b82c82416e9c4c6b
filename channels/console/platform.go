package console

import (
	"cmp"
	"fmt"
	"net/http"
)

// PlatformError is what the platform of an official account said when it refused,
// or that it could not be reached.
type PlatformError struct {
	Code int    // of the platform; 0 if it could not be reached
	Text string // as the platform says it, without secrets
}

func (e *PlatformError) Error() string {
	return fmt.Sprintf("the platform refused with %d: %s", e.Code, e.Text)
}

// problem tells people what it means and, since numbers and addresses may stand in
// it, how the platform put it.
func (e *PlatformError) problem() *Problem {
	const most = 300
	title := platformWords(e.Code)
	if e.Code != 0 {
		title = fmt.Sprintf("%s（错误码 %d）", title, e.Code)
	}
	if text := []rune(e.Text); len(text) > 0 {
		title += "。微信的原话：" + string(text[:min(len(text), most)])
	}
	return newProblem(http.StatusUnprocessableEntity, "platform", title)
}

// platformWords says what an error code of the platform means and what to do
// about it.
func platformWords(code int) string {
	return cmp.Or(map[int]string{
		0:     "连接不上微信的服务器，请检查服务器能否访问外网",
		-1:    "微信系统繁忙，请稍后再试",
		40001: "access_token 无效，或 AppSecret 不对；如果反复出现，请检查有没有别的程序也在用这个 AppID 取 token",
		40002: "请求的凭证类型不对",
		40003: "OpenID 不对，这位顾客不属于这个公众号",
		40007: "素材已失效，图片要重新上传",
		40008: "这种消息不能发",
		40009: "图片太大",
		40013: "AppID 不对，请到公众平台核对",
		40014: "access_token 无效，系统会自动重取",
		40016: "菜单的按钮数量不对",
		40018: "菜单名称太长，或为空",
		40019: "菜单按钮的 KEY 太长，或为空",
		40020: "菜单的网址太长，或为空",
		40023: "子菜单的按钮数量不对",
		40025: "子菜单名称太长，或为空",
		40027: "子菜单的网址太长，或为空",
		40054: "子菜单的网址不能用，请检查域名",
		40055: "菜单的网址不能用，请检查域名",
		40125: "AppSecret 不对，请到公众平台重置后填到这里",
		40155: "菜单里不能放别的公众号的主页链接",
		40164: "服务器的 IP 不在白名单里，请到公众平台把微信原话里的 IP 加进“IP 白名单”",
		40200: "这类账号不支持可点菜单，请关掉“可点菜单”，候选问题会改成数字列表",
		40243: "AppSecret 已被冻结，请到公众平台解冻",
		41001: "请求里缺少 access_token",
		42001: "access_token 已过期，系统会自动重取",
		43004: "对方没有关注，或已取消关注",
		43019: "对方已被拉黑",
		45002: "消息太长",
		45009: "今天的接口调用次数已用完，明天恢复；也可在公众平台清零",
		45010: "菜单建得太频繁",
		45011: "调用太频繁，请稍后再试",
		45015: "离顾客上一次互动太久（超过 48 小时），或已取消关注，要等顾客再次发言",
		45047: "本轮可发的客服消息已用完，要等顾客再次发言",
		45072: "输入状态的命令不对",
		45080: "30 秒内没有和顾客互动，不能显示“正在输入”",
		45081: "已经在显示“正在输入”",
		46003: "没有菜单",
		47001: "请求的格式不对",
		48001: "公众号没有这个接口的权限，请确认账号已认证",
		48002: "对方关掉了接收消息",
		48004: "接口已被封禁，请登录公众平台查看原因",
		48006: "接口清零的次数已用完",
		50001: "公众号没有这个接口的权限",
		50002: "公众号受到限制，可能违规或未认证",
		61004: "服务器的 IP 没有登记",
		65400: "公众号没有开通新版客服功能",
		89501: "这个 IP 正在等管理员确认",
		89503: "这次调用被判为有风险，请公众号管理员在微信里确认",
		89506: "这个 IP 一天内被管理员拒绝了两次，一天内不能再用",
		89507: "这个 IP 被管理员拒绝了，一小时后再试",
	}[code], "微信没有接受这个请求")
}
