package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"faqbot/channels/wechat/sim"
	"faqbot/channels/wechat/sim/phone"
)

type wechatSimCommand struct {
	Listen   string `help:"模拟器的地址：手机网页和平台接口都在这里，默认 127.0.0.1:8090。" default:"127.0.0.1:8090" placeholder:"地址"`
	Callback string `help:"回调地址：faqbot 为这个公众号给出的网址；也可以启动后在网页里填。" placeholder:"网址"`
	Name     string `help:"公众号的名称，默认“示例公众号”。" default:"示例公众号" placeholder:"名称"`
	AppID    string `name:"app-id" help:"AppID；不写就随机产生，下面三项也一样。" placeholder:"AppID"`
	Secret   string `help:"AppSecret。" placeholder:"AppSecret"`
	Token    string `help:"Token，给回调签名。" placeholder:"Token"`
	AESKey   string `name:"aes-key" help:"EncodingAESKey，43 个字符。" placeholder:"密钥"`
	Mode     string `help:"消息加解密方式：plain（明文）、compatible（兼容）、safe（安全），默认 safe。" default:"safe" placeholder:"方式"`
	Kind     string `help:"账号类型：service（服务号）、subscription（订阅号）、sandbox（测试号），默认 service。" default:"service" placeholder:"类型"`
}

// Run is the platform with one account, and a phone in the browser, until ctx ends.
func (cmd *wechatSimCommand) Run(ctx context.Context, a *app) (err error) {
	c, err := a.settings(nil)
	if err != nil {
		return err
	}
	var down downward
	defer func() { err = errors.Join(err, down.run()) }()
	front, err := openFront(cmd.Listen, "", a.logger(c.LogLevel))
	if err != nil {
		return err
	}
	down.push(front.close)
	platform := sim.New(sim.Config{})
	account, err := platform.Add(cmd.account(front.url()))
	if err != nil {
		return &usageError{fmt.Errorf("选项不能这样用：%w", err)}
	}
	mux := http.NewServeMux()
	mux.Handle("/", phone.New(account))
	mux.Handle("/cgi-bin/", platform)
	mux.Handle(sim.PicturePath, platform)
	front.ready(until(ctx, mux))
	down.push(front.drain)
	cmd.greet(a, front.url(), account.Config())
	return front.wait(ctx)
}

// account is what the flags say; what they do not say is made up.
func (cmd *wechatSimCommand) account(base string) sim.AccountConfig {
	return sim.AccountConfig{
		Name: cmd.Name, Base: base, Callback: cmd.Callback, Mode: sim.Mode(cmd.Mode), Kind: sim.Kind(cmd.Kind),
		AppID:  or(cmd.AppID, func() string { return "wx" + strings.ToLower(rand.Text()[:16]) }),
		Secret: or(cmd.Secret, func() string { return strings.ToLower(rand.Text()) }),
		Token:  or(cmd.Token, func() string { return strings.ToLower(rand.Text()) }),
		AESKey: or(cmd.AESKey, func() string { return (rand.Text() + rand.Text())[:42] + "A" }),
	}
}

func or(value string, otherwise func() string) string {
	if value != "" {
		return value
	}
	return otherwise()
}

// until ends requests that go on for ever when ctx ends.
func until(ctx context.Context, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limited, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(ctx, cancel)()
		next.ServeHTTP(w, r.WithContext(limited))
	})
}

// greet says where the phone is, and what has to be entered in faqbot.
func (cmd *wechatSimCommand) greet(a *app, base string, c sim.AccountConfig) {
	fmt.Fprintf(a.out, "微信公众号模拟器已就绪，按 Ctrl-C 停止。\n  手机网页        %s/   （再加一位用户：%[1]s/?user=o-visitor-2）\n\n", base)
	fmt.Fprintf(a.out, "在 faqbot 里添加公众号时填写：\n  接口地址        %s   （faqbot serve 的配置项 wechat.api）\n  AppID           %s\n  AppSecret       %s\n  Token           %s\n  EncodingAESKey  %s\n  加解密方式      %s\n  账号类型        %s\n\n",
		base, c.AppID, c.Secret, c.Token, c.AESKey, modeName(c.Mode), kindName(c.Kind))
	if c.Callback == "" {
		fmt.Fprintf(a.out, "然后把 faqbot 给出的回调地址填到手机网页的“接入”里。\n")
	} else {
		fmt.Fprintf(a.out, "回调地址          %s\n", c.Callback)
	}
	fmt.Fprintf(a.out, "下次用同样的账号：faqbot wechat-sim --app-id %s --secret %s --token %s --aes-key %s --mode %s --kind %s\n",
		c.AppID, c.Secret, c.Token, c.AESKey, c.Mode, c.Kind)
}

func modeName(m sim.Mode) string {
	return map[sim.Mode]string{sim.Plain: "明文模式", sim.Compatible: "兼容模式", sim.Safe: "安全模式"}[m]
}

func kindName(k sim.Kind) string {
	return map[sim.Kind]string{sim.Service: "服务号", sim.Subscription: "订阅号", sim.Sandbox: "测试号"}[k]
}
