package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"faqbot/knowledge"
	"faqbot/knowledge/kbfile"
	"faqbot/knowledge/kbfile/sheet"
)

// BenchmarkScale measures the real program with 100,000 questions: the import of
// a workbook, the first start, which builds the index, and a later start. Each is
// a process of its own; rss-MB is the most memory that it held.
func BenchmarkScale(b *testing.B) {
	dir := b.TempDir()
	binary := filepath.Join(dir, "faqbot")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	for _, shape := range []struct{ entries, variants int }{{100_000, 0}, {10_000, 9}} {
		b.Run(fmt.Sprintf("entries=%d/questions=%d", shape.entries, shape.entries*(1+shape.variants)), func(b *testing.B) {
			workbook := filepath.Join(dir, fmt.Sprintf("%d.xlsx", shape.entries))
			writeWorkbook(b, workbook, shape.entries, shape.variants)
			for b.Loop() {
				db := filepath.Join(b.TempDir(), "scale.db")
				importing := runProgram(b, binary, "import", "--db", db, workbook)
				first := runProgram(b, binary, "ask", "--db", db, "怎么申请退款")
				later := runProgram(b, binary, "ask", "--db", db, "怎么申请退款")
				b.ReportMetric(importing.seconds, "import-s")
				b.ReportMetric(importing.megabytes, "import-rss-MB")
				b.ReportMetric(importing.seconds+first.seconds, "searchable-s")
				b.ReportMetric(first.megabytes, "first-rss-MB")
				b.ReportMetric(later.seconds, "start-s")
				b.ReportMetric(later.megabytes, "start-rss-MB")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

type usage struct{ seconds, megabytes float64 }

// runProgram runs the program to its end.
func runProgram(b *testing.B, binary string, args ...string) usage {
	b.Helper()
	var out bytes.Buffer
	cmd := exec.Command(binary, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var u usage
	for look := time.Tick(20 * time.Millisecond); ; {
		select {
		case err := <-ended:
			if err != nil {
				b.Fatalf("%v: %v\n%s", args, err, out.Bytes())
			}
			u.seconds = time.Since(begin).Seconds()
			return u
		case <-look:
			u.megabytes = max(u.megabytes, peakMemory(cmd.Process.Pid))
		}
	}
}

// peakMemory returns the most memory that a process held so far, 0 where the
// system does not say. (The usage that a finished process leaves behind counts
// the memory of the one that started it.)
func peakMemory(pid int) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kilobytes float64
	fmt.Sscan(rest, &kilobytes)
	return kilobytes / 1024
}

// writeWorkbook makes up questions of different words.
func writeWorkbook(b *testing.B, path string, entries, variants int) {
	b.Helper()
	var content kbfile.Content
	for i := range entries {
		e := knowledge.Entry{
			ID: fmt.Sprintf("e%06d", i), Category: knowledge.Path{"业务", fmt.Sprintf("分类%d", i%200)}, Enabled: true,
			Question: question(i, 0),
			Answers:  []knowledge.Answer{{Texts: []string{fmt.Sprintf("这是第 %d 个问题的答案，请按页面提示一步一步办理，有疑问请联系客服。", i)}}},
		}
		for v := range variants {
			e.Variants = append(e.Variants, question(i, v+1))
		}
		content.Entries = append(content.Entries, e)
	}
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if err := kbfile.Write(context.Background(), f, sheet.KindXLSX, kbfile.LayoutOwn, content); err != nil {
		b.Fatal(err)
	}
}

// question is the v-th wording of entry i. The numbers keep all of them apart.
func question(i, v int) string {
	things := []string{"会员卡", "手机套餐", "家用宽带", "燃气热水器", "信用卡", "优惠券", "快递包裹", "电子发票", "保修单", "积分", "机票", "酒店订单", "医保卡", "驾驶证", "公积金", "校园卡", "充电桩", "洗衣机"}
	actions := []string{"怎么申请", "如何取消", "为什么不能", "在哪里查询", "多久可以", "能不能修改", "忘记了怎么", "需要什么材料", "收多少钱", "提示错误怎么", "可以转让给别人", "过期以后"}
	ends := []string{"办理", "开通", "退款", "使用", "激活", "邮寄", "续费", "升级", "打印", "冻结"}
	n := i*7 + v*13
	return fmt.Sprintf("%s%s%s%s%d号", []string{"", "请问", "我的", "你们的", "新的"}[v%5],
		things[n%len(things)], actions[(n/len(things)+v)%len(actions)], ends[(n/7+v*3)%len(ends)], i*10+v)
}
