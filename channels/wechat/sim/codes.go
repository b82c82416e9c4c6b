package sim

// The codes of errors that the platform answers with.
const (
	codeBusy        = -1
	codeToken       = 40001 // not valid any more
	codeGrant       = 40002
	codeOpenID      = 40003
	codeMediaKind   = 40004
	codeFileKind    = 40005
	codeFileSize    = 40006
	codeMedia       = 40007
	codeMsgType     = 40008
	codeAppID       = 40013
	codeBadToken    = 40014 // never was one
	codeButtons     = 40016
	codeButtonType  = 40017
	codeButtonName  = 40018
	codeButtonKey   = 40019
	codeButtonURL   = 40020
	codeMenuLevel   = 40022
	codeSubButtons  = 40023
	codeSubType     = 40024
	codeSubName     = 40025
	codeSubKey      = 40026
	codeSubURL      = 40027
	codeSecret      = 40125
	codeIP          = 40164
	codeAccountType = 40200
	codeFrozen      = 40243
	codeNoToken     = 41001
	codeNoAppID     = 41002
	codeNoSecret    = 41004
	codeNoMedia     = 41005
	codeExpired     = 42001
	codeMethod      = 43001 // GET is needed
	codeMethodPost  = 43002 // POST is needed
	codeNotFollower = 43004
	codeEmpty       = 44004
	codeTooLong     = 45002
	codeArticles    = 45008
	codeDayLimit    = 45009
	codeMinuteLimit = 45011
	codeWindow      = 45015
	codeQuota       = 45047
	codeCommand     = 45072
	codeNoExchange  = 45080
	codeTyping      = 45081
	codeNoMenu      = 46003
	codeJSON        = 47001
	codeRight       = 48001
	codeRisky       = 89503
)

// textOf is what the platform says about a code, about.
func textOf(code int) string {
	texts := map[int]string{
		0: "ok", codeBusy: "system error",
		codeToken: "invalid credential, access_token is invalid or not latest", codeGrant: "invalid grant_type",
		codeOpenID: "invalid openid", codeMediaKind: "invalid media type", codeFileKind: "invalid file type",
		codeFileSize: "invalid meida size", codeMedia: "invalid media_id", codeMsgType: "invalid message type",
		codeAppID: "invalid appid", codeBadToken: "invalid access_token", codeButtons: "invalid button size",
		codeButtonType: "invalid button type", codeButtonName: "invalid button name size",
		codeButtonKey: "invalid button key size", codeButtonURL: "invalid button url size",
		codeMenuLevel: "invalid sub button level", codeSubButtons: "invalid sub button size",
		codeSubType: "invalid sub button type", codeSubName: "invalid sub button name size",
		codeSubKey: "invalid sub button key size", codeSubURL: "invalid sub button url size",
		codeSecret: "invalid appsecret", codeIP: "invalid ip, not in whitelist", codeAccountType: "invalid account type",
		codeFrozen: "appsecret is frozen", codeNoToken: "access_token missing", codeNoAppID: "appid missing",
		codeNoSecret: "appsecret missing", codeNoMedia: "media data missing", codeExpired: "access_token expired",
		codeMethod: "require GET method", codeMethodPost: "require POST method",
		codeNotFollower: "require subscribe", codeEmpty: "empty content", codeTooLong: "content size out of limit",
		codeArticles: "article size out of limit", codeDayLimit: "reach max api daily quota limit",
		codeMinuteLimit: "api minute-quota reach limit, must slower, retry next minute",
		codeWindow:      "response out of time limit or subscription is canceled", codeQuota: "out of response count limit",
		codeCommand: "command field invalid", codeNoExchange: "no message exchange with the user in 30 seconds",
		codeTyping: "already typing", codeNoMenu: "menu no exist", codeJSON: "data format error",
		codeRight: "api unauthorized", codeRisky: "this ip must be confirmed by the administrator",
	}
	if text := texts[code]; text != "" {
		return text
	}
	return "error"
}
