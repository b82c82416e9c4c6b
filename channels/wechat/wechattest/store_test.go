package wechattest_test

import (
	"testing"

	"faqbot/channels/wechat"
	"faqbot/channels/wechat/wechattest"
)

func TestStore(t *testing.T) {
	wechattest.Test(t, func(*testing.T) wechat.Store { return wechattest.NewStore() })
}
