// A stand-in for the server, for work on the widget: it speaks the protocol of
// doc.go from memory, and some words make it misbehave. Serves ../dist, so run
// `npm run build` first. PORT is 8090 by default, SITES may embed the frame.
//
//   node dev/mock.mjs
//
// 人工 leads to the queue and, after some steps of STEP ms (2500 by default), to an
// agent, who reads, writes and answers. To the agent: 知识 an answer from the
// knowledge · 照片 an image · 说明书 a file · 转接 another agent · 掉线 the agent is
// lost · 主管 a supervisor takes over · 提醒 the warning before the end · 结束 the
// end with a survey · 机器人 back to the bot. In the queue 没人 sends all agents away.
//
// Words: 打不着火 an answer · 怎么保养 a long one with a picture · 安装 an offer ·
// 今天天气 a refusal · 留言 the form · 解决 ask_solved · 评价 the survey · 太长 error 4131 · 太快 error 4290 · 存不下 error 5031
// with a provisional answer (the first two tries) · 跳号 a gap · 断线 close 3001 ·
// 限流 close 3201 · 停止 close 3301 · 慢 an answer after 4 s · 攻击 hostile HTML.

import { createHmac, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { crc32, deflateSync } from 'node:zlib'
import { WebSocketServer } from 'ws'

const dist = fileURLToPath(new URL('../dist/', import.meta.url))
const port = Number(process.env.PORT ?? 8090)
const step = Number(process.env.STEP ?? 2500)
const key = randomBytes(16)
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data: blob:; connect-src 'self'; " +
  "media-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'"

const hot = [
  '热水器打不着火怎么办', '怎么预约安装', '保修期是多久', '附近的服务网点在哪里', '燃气灶怎么保养', '如何申请发票', '快递多久能到', '燃气报警器一直响',
].map((question, i) => ({ entry: 'e' + (i + 1), question }))

const visitors = new Map() // id → {conversations, read, ids, sockets, polls}
const tickets = new Map()
const faults = { sockets: true, session: true, storeFails: new Map() }

const sign = (id) => id + '.' + createHmac('sha256', key).update(id).digest('base64url').slice(0, 22)

function visitorOf(token) {
  const id = (token ?? '').split('.')[0]
  return id && sign(id) === token ? visitors.get(id) : undefined
}

function newVisitor() {
  const id = randomBytes(16).toString('base64url')
  const v = { id, files: new Map(), script: [], phase: '', conversations: [], read: 0, ids: new Map(), sockets: new Set(), polls: new Set() }
  visitors.set(id, v)
  return v
}

const current = (v) => v.conversations[v.conversations.length - 1]

function append(v, message, skip = false) {
  let c = current(v)
  if (!c || (c.closed && message.author === 'visitor' && !['rating', 'feedback', 'solved'].includes(message.kind))) {
    c = { id: randomBytes(8).toString('hex'), messages: [], closed: false }
    v.conversations.push(c)
  }
  const m = { conversation: c.id, seq: c.messages.length + 1, at: Date.now(), ...message }
  c.messages.push(m)
  if (!skip) publish(v, { t: 'message', conversation: c.id, message: m })
  return m
}

function publish(v, frame) {
  for (const s of v.sockets) s.send(JSON.stringify(frame))
  if (frame.t === 'message') for (const p of [...v.polls]) p()
}

const bot = (v, kind, text, card, html) => append(v, { author: 'bot', kind, text, html, card })

const related = [hot[1], hot[2], { entry: 'e20', question: '热水器显示 E1 是什么意思' }]
const short = {
  text: '请依次检查燃气阀门、电池和风压。',
  html: '<p>别着急，多数打不着火的情况可以自己排除：</p><ol><li>确认<strong>燃气总阀</strong>和表前阀已打开；</li><li>更换 <strong>1 号电池</strong>，或检查电源插头；</li><li>大风天气请先关窗，再试一次。</li></ol><p>仍然打不着，请拨打 <a href="tel:4008001234">400-800-1234</a> 预约上门。</p>',
}
const long = {
  text: '燃气灶的保养方法……',
  html: '<p>燃气灶建议<strong>每周小清洁、每半年深度保养</strong>一次。下面是完整步骤：</p><h3>一、日常清洁</h3><ul><li>关闭燃气总阀，等待灶具<strong>完全冷却</strong>；</li><li>取下锅支架和火盖，用温水加中性洗洁精浸泡 15 分钟；</li><li>用牙签疏通火孔，擦干后<em>按原位</em>装回。</li></ul><h3>二、半年保养</h3><ol><li>检查胶管有无老化、龟裂，<strong>满 18 个月必须更换</strong>；</li><li>用肥皂水涂抹接口，观察是否冒泡；</li><li>检查电池电量。</li></ol><p><img src="https://img.example/stove.png" alt="火盖的正确安装位置"></p><blockquote>闻到燃气味时：关阀、开窗、到室外打电话，切勿开关电器。</blockquote><p>更多内容见 <a href="https://help.example/stove/care">灶具保养手册</a>，或写信到 <a href="mailto:care@example.com">care@example.com</a>。型号代码形如 <code>JZT-Q2B</code>。</p>',
}
const hostile = '<p>正常文字</p><script>alert(1)</script><img src=x onerror="alert(2)"><a href="javascript:alert(3)">坏链接</a><svg onload=alert(4)></svg><iframe src="https://evil.example"></iframe><p onclick="alert(5)" style="position:fixed;inset:0">不可点</p>'

// ---- the human seat

const system = (v, kind, text, card) => append(v, { author: 'system', kind, text, card })
const agent = (v, kind, text, card, html) => append(v, { author: 'agent', kind, text, html, card: { nick: v.nick, ...card } })

/** Does one thing after the other, a step apart. Something new ends what was left. */
function play(v, ...acts) {
  v.script.forEach(clearTimeout)
  v.script = acts.map((act, i) => setTimeout(act, step * (i + 1)))
}

function placed(v, place) {
  v.place = place
  if (place) publish(v, { t: 'queue', conversation: current(v).id, ...place })
}

function enqueue(v) {
  v.phase = 'queue'
  v.place = { ahead: 2, low: 120, high: 240 }
  system(v, 'queued', '正在为您转接人工客服，您前面还有 2 位，大约要等 2 到 4 分钟。', { place: 3, low: 120, high: 240, actions: ['unqueue', 'leave'] })
  system(v, 'event', '')
  play(v, () => placed(v, { ahead: 1, low: 60, high: 180 }), () => placed(v, { ahead: 0, low: 0, high: 60 }), () => accept(v, '小李'))
}

function accept(v, nick, kind = 'accepted') {
  v.phase = 'agent'
  v.nick = nick
  v.place = undefined
  system(v, kind, kind === 'accepted' ? `客服 ${nick} 为您服务。` : `客服 ${nick} 接着为您服务，前面的内容都能看到。`, { nick })
  publish(v, { t: 'seen', conversation: current(v).id, seq: current(v).messages.length })
  play(v, () => publish(v, { t: 'typing', author: 'agent' }), () => agent(v, 'text', `您好，我是${nick}。您前面和智能客服的对话我都看到了，请问热水器的型号是多少？`))
}

function serve(v, m) {
  const t = m.text ?? ''
  const seen = () => publish(v, { t: 'seen', conversation: m.conversation, seq: m.seq })
  const writes = () => publish(v, { t: 'typing', author: 'agent' })
  if (/转接/.test(t)) {
    system(v, 'transferred', '正在为您转给更合适的同事，您前面说的他都能看到。', { nick: v.nick })
    return accept(v, '小王')
  }
  if (/主管/.test(t)) return accept(v, '陈主管', 'taken_over')
  if (/掉线/.test(t)) {
    v.phase = 'queue'
    system(v, 'requeued', '很抱歉，客服那边断线了。正在为您优先转接其他客服，前面说的都在。', { nick: v.nick })
    placed(v, { ahead: 0, low: 0, high: 0 })
    return play(v, () => {}, () => accept(v, '小赵'))
  }
  if (/提醒/.test(t)) return system(v, 'notice', '您还在吗？如果没有其他问题，这次会话稍后会自动结束。')
  if (/机器人/.test(t)) {
    v.phase = ''
    return system(v, 'returned', '人工服务已结束，智能客服继续为您服务。', { reason: 'agent' })
  }
  if (/结束/.test(t)) return end(v, '感谢您的咨询，会话已结束。')
  if (/知识/.test(t)) return play(v, seen, () => agent(v, 'answer', short.text, { entry: 'e1' }, short.html))
  if (/照片/.test(t)) return play(v, seen, () => agent(v, 'image', '', { file: keep(v, '铭牌位置.png', 'image/png', painting(480, 320)) }))
  if (/说明书/.test(t)) return play(v, seen, () => agent(v, 'file', '', { file: keep(v, '蓝焰热水器 JSQ24-12 安装使用说明书.pdf', 'application/pdf', Buffer.concat([Buffer.from('%PDF-1.4\n'), randomBytes(1_300_000)])) }))
  play(v, seen, writes, () => agent(v, 'text', '好的，收到。请稍等，我查一下。'))
}

function end(v, text) {
  const nick = v.phase === 'agent' ? v.nick : undefined
  v.phase = ''
  v.place = undefined
  v.script.forEach(clearTimeout)
  system(v, 'closed', text)
  bot(v, 'survey', '请您对本次服务做个评价', { nick, until: Date.now() + 86_400_000 })
  current(v).closed = true
}

function keep(v, name, type, content) {
  const f = { id: randomBytes(12).toString('base64url'), name, type, size: content.length }
  if (type === 'image/png') Object.assign(f, { width: content.readUInt32BE(16), height: content.readUInt32BE(20) })
  v.files.set(f.id, { ...f, content })
  return f
}

/** What a file is, for those that work on the widget will try. */
function sniff(content) {
  const head = content.subarray(0, 8).toString('latin1')
  if (head.startsWith('\x89PNG')) return 'image/png'
  if (head.startsWith('\xff\xd8')) return 'image/jpeg'
  if (head.startsWith('%PDF')) return 'application/pdf'
  return content.includes(0) || head.startsWith('<') ? '' : 'text/plain'
}

/** A PNG image that shows something. */
function painting(width, height) {
  const rows = Buffer.alloc((width * 3 + 1) * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const inside = x > width * 0.3 && x < width * 0.7 && y > height * 0.25 && y < height * 0.75
      const lines = inside && y % 24 < 5 && x > width * 0.35 && x < width * 0.62
      rows.set(lines ? [90, 100, 115] : inside ? [236, 238, 242] : [70 + (x * 60) / width, 120 + (y * 50) / height, 190], y * (width * 3 + 1) + 1 + x * 3)
    }
  }
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const size = Buffer.alloc(4)
    const sum = Buffer.alloc(4)
    size.writeUInt32BE(data.length)
    sum.writeUInt32BE(crc32(body))
    return Buffer.concat([size, body, sum])
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))])
}

function reply(v, m) {
  const t = m.text ?? ''
  if (m.kind === 'unqueue') {
    v.phase = ''
    v.place = undefined
    v.script.forEach(clearTimeout)
    return system(v, 'returned', '已取消排队。有问题可以继续问我，随时可以再转人工。', { reason: 'visitor' })
  }
  if (v.phase === 'agent' && ['text', 'image', 'file', 'pick'].includes(m.kind)) return serve(v, m)
  if (v.phase === 'queue' && /没人/.test(t)) return placed(v, { state: 'nobody', ahead: 0, low: 0, high: 0 }), play(v)
  if (v.phase === '' && (m.kind === 'handoff' || /人工/.test(t))) return enqueue(v)
  if (m.kind === 'image' || m.kind === 'file') return v.phase === 'queue' ? undefined : bot(v, 'notice', '图片和文件我还看不懂，请用一句话说说您的问题，或者转人工处理。', { actions: ['handoff'] })
  if (m.kind === 'leave') return bot(v, 'notice', '已收到您的留言，客服会在 2 小时内联系您。')
  if (m.kind === 'close') return end(v, '会话已结束，感谢您的咨询')
  if (['feedback', 'rating'].includes(m.kind)) return
  if (m.kind === 'solved') return bot(v, 'notice', m.card.yes ? '很高兴帮到您！' : '抱歉没能帮到您，您可以转人工客服。', m.card.yes ? {} : { actions: ['handoff'] })
  if (/打不着火/.test(t)) return bot(v, 'answer', short.text, { entry: 'e1', question: t, options: related }, short.html)
  if (/保养/.test(t)) return bot(v, 'answer', long.text, { entry: 'e5', question: t, options: related.slice(0, 2) }, long.html)
  if (m.kind !== 'pick' && /安装/.test(t)) return bot(v, 'offer', '您是不是想问：', { options: [hot[1], { entry: 'e21', question: '安装需要收费吗' }, { entry: 'e22', question: '热水器可以安装在浴室里吗' }] })
  if (/留言/.test(t)) return bot(v, 'leave_form', '现在没有客服在线（服务时间 8:30–21:00）。请留下您的问题和联系方式，我们上班后第一时间回复您。')
  if (/解决/.test(t)) return bot(v, 'ask_solved', '您的问题解决了吗？', { of: m.seq - 1 })
  if (/评价/.test(t)) return bot(v, 'survey', '请您对本次服务做个评价', { until: Date.now() + 86_400_000 })
  if (/攻击/.test(t)) return bot(v, 'answer', '正常文字', { entry: 'x', question: t }, hostile)
  if (/慢/.test(t)) {
    publish(v, { t: 'typing', author: 'bot' })
    return setTimeout(() => bot(v, 'answer', '让您久等了，这是答案。', { entry: 'e9', question: t }, '<p>让您久等了，这是答案。</p>'), 4000)
  }
  if (m.kind === 'pick') return bot(v, 'answer', `关于“${t}”的答案。`, { entry: m.card.entry, question: t, options: related.slice(0, 2) }, `<p>关于“${t.replace(/[<&]/g, '')}”：热水器整机保修 <strong>3 年</strong>，水箱换热器 <strong>5 年</strong>，从购买（发票）日期起算。</p>`)
  bot(v, 'refusal', '抱歉，这个问题我还没有学会。您可以换个说法再试试，或者转人工客服为您解答。', { actions: ['handoff'] })
}

/** Takes one frame; out receives the replies. */
function take(v, f, out, socket) {
  switch (f.t) {
    case 'hello': {
      const c = current(v)
      const same = c && c.id === f.conversation
      const all = c?.messages ?? []
      const messages = same ? all.slice(f.after) : all.slice(-20)
      const more = !same && (all.length > 20 || v.conversations.length > 1)
      out({ t: 'ready', conversation: c?.id ?? '', seq: all.length, read: c?.read ?? 0, reset: Boolean(f.conversation) && !same, messages, more })
      return v.place && out({ t: 'queue', conversation: c.id, ...v.place })
    }
    case 'send': {
      const known = v.ids.get(f.id)
      if (known) return out({ t: 'ack', id: f.id, conversation: known.conversation, seq: known.seq, at: known.at })
      const text = f.text ?? ''
      if (/太长/.test(text)) return out({ t: 'error', code: 4131, text: '内容太长，请缩短后再发送', id: f.id })
      if (/太快/.test(text) && !faults.storeFails.has(f.id)) {
        faults.storeFails.set(f.id, 1)
        return out({ t: 'error', code: 4290, text: '发送太快，请稍候', id: f.id, retry_after: 2 })
      }
      if (/存不下/.test(text) && (faults.storeFails.get(f.id) ?? 0) < 2) {
        faults.storeFails.set(f.id, (faults.storeFails.get(f.id) ?? 0) + 1)
        out({ t: 'provisional', id: f.id, messages: [{ conversation: '', seq: 0, author: 'bot', kind: 'answer', text: '', html: short.html, at: Date.now(), card: {} }] })
        return out({ t: 'error', code: 5031, text: '暂时无法保存', id: f.id, retry_after: 4 })
      }
      if (/断线/.test(text) && !faults.storeFails.has(f.id)) {
        faults.storeFails.set(f.id, 1)
        return socket?.close(3001, 'no pong')
      }
      if (/限流/.test(text) && !faults.storeFails.has(f.id)) {
        faults.storeFails.set(f.id, 1)
        return socket?.close(3201, 'retry_after=6 too many frames')
      }
      if (/停止/.test(text) && !faults.storeFails.has(f.id)) {
        faults.storeFails.set(f.id, 1)
        return socket?.close(3301, 'too many bad frames')
      }
      const { t: _t, id, kind, text: words, file, ...card } = f
      if (file) {
        const { content: _c, ...known } = v.files.get(file) ?? {}
        if (!known.id) return out({ t: 'error', code: 4040, text: '没有这个文件', id })
        card.file = known
      }
      const m = append(v, { id, author: 'visitor', kind, text: words ?? (kind === 'handoff' ? '转人工' : ''), card }, /跳号/.test(text))
      v.ids.set(id, m)
      out({ t: 'ack', id, conversation: m.conversation, seq: m.seq, at: m.at })
      return setTimeout(() => reply(v, m), 450)
    }
    case 'suggest': {
      const options = hot.concat(related.slice(2)).filter((o) => [...f.text].every((ch) => o.question.includes(ch))).slice(0, 5)
      return out({ t: 'suggestions', n: f.n, options })
    }
    case 'resume': {
      const c = v.conversations.find((x) => x.id === f.conversation)
      if (!c) return out({ t: 'error', code: 4040, text: '没有这个会话' })
      return out({ t: 'messages', conversation: c.id, messages: c.messages.slice(f.after) })
    }
    case 'history': {
      const at = v.conversations.findIndex((x) => x.id === f.conversation)
      const all = v.conversations.slice(0, at + 1).flatMap((c, i) => (i === at ? c.messages.slice(0, f.before - 1) : c.messages))
      return out({ t: 'history', n: f.n, conversation: f.conversation, messages: all.slice(-20), more: all.length > 20 })
    }
    case 'read':
      if (current(v)) current(v).read = f.seq
      return
    case 'ping':
      return out({ t: 'pong' })
  }
}

const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml' }

async function file(res, name, extra = '') {
  try {
    let body = await readFile(join(dist, normalize('/' + name)))
    if (name === 'frame.html') body = body.toString().replace('__FAQBOT_SITES__', process.env.SITES ?? '')
    res.writeHead(200, { 'Content-Type': types[extname(name)] ?? 'application/octet-stream', 'Content-Security-Policy': policy + extra, 'Cache-Control': 'no-cache' })
    res.end(body)
  } catch {
    res.writeHead(404).end()
  }
}

async function body(req) {
  let text = ''
  for await (const chunk of req) text += chunk
  return text ? JSON.parse(text) : {}
}

function json(res, status, value, headers = {}) {
  res.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers })
  res.end(JSON.stringify(value))
}

const bearer = (req) => visitorOf((req.headers.authorization ?? '').replace(/^Bearer /, ''))

const server = createServer(async (req, res) => {
  const url = new URL(req.url, 'http://host')
  if (url.pathname === '/') return file(res, 'demo.html', "; frame-src 'self'")
  // For experiments: /fault?sockets=0&session=0
  if (url.pathname === '/fault') {
    for (const name of ['sockets', 'session']) if (url.searchParams.has(name)) faults[name] = url.searchParams.get(name) === '1'
    if (!faults.sockets) for (const v of visitors.values()) for (const s of v.sockets) s.terminate()
    return json(res, 200, faults)
  }
  if (url.pathname === '/chat/session') {
    if (!faults.session) return json(res, 503, { error: { code: 5030, text: '服务正在启动' } }, { 'Retry-After': '2' })
    const asked = await body(req)
    const v = visitorOf(asked.token) ?? newVisitor()
    const ticket = randomBytes(16).toString('base64url')
    tickets.set(ticket, v)
    const texts = asked.language === 'en' ? { title: 'WarmHome Service' } : { title: '蓝焰在线客服' }
    return json(res, 200, { token: sign(v.id), ticket, visitor: v.id, expires_in: 60, texts, hot, limits: { text: 500, frame: 16384, file: 10 << 20 } })
  }
  if (url.pathname === '/chat/send') {
    const v = bearer(req)
    if (!v) return json(res, 401, { error: { code: 4010, text: '会话已失效' } })
    const frames = []
    take(v, await body(req), (f) => frames.push(f))
    return json(res, 200, frames)
  }
  if (url.pathname === '/chat/poll') {
    const v = bearer(req)
    if (!v) return json(res, 401, { error: { code: 4010, text: '会话已失效' } })
    const answer = () => {
      const c = current(v)
      const after = c?.id === url.searchParams.get('conversation') ? Number(url.searchParams.get('after')) : 0
      return c && c.messages.length > after ? { t: 'messages', conversation: c.id, messages: c.messages.slice(after) } : undefined
    }
    const done = () => {
      clearTimeout(timer)
      v.polls.delete(done)
      const f = answer()
      json(res, 200, f ? f.messages.map((message) => ({ t: 'message', conversation: f.conversation, message })) : [])
    }
    const timer = setTimeout(done, answer() ? 0 : 25_000)
    v.polls.add(done)
    req.on('close', () => (clearTimeout(timer), v.polls.delete(done)))
    return
  }
  if (url.pathname === '/chat/upload') {
    const v = bearer(req)
    const parts = []
    for await (const part of req) parts.push(part)
    const content = Buffer.concat(parts)
    const type = sniff(content)
    if (!v) return json(res, 401, { error: { code: 4010, text: '会话已失效' } })
    if (content.length > 10 << 20) return json(res, 413, { error: { code: 4132, text: '文件不能超过 10 MB' } })
    if (!type) return json(res, 415, { error: { code: 4150, text: '不支持发送这种文件' } })
    if (/失败/.test(url.searchParams.get('name')) && faults.storeFails.get('upload') !== 3) {
      faults.storeFails.set('upload', (faults.storeFails.get('upload') ?? 0) + 1)
      return json(res, 503, { error: { code: 5031, text: '暂时无法保存' } })
    }
    return json(res, 200, keep(v, url.searchParams.get('name'), type, content))
  }
  if (url.pathname.startsWith('/chat/file/')) {
    const f = bearer(req)?.files.get(url.pathname.slice(11))
    if (!f) return json(res, 404, { error: { code: 4040, text: '没有这个文件' } })
    res.writeHead(200, { 'Content-Type': f.type, 'X-Content-Type-Options': 'nosniff', 'Content-Security-Policy': "default-src 'none'; sandbox" })
    return res.end(f.content)
  }
  if (url.pathname === '/chat/frame') return file(res, 'frame.html')
  if (url.pathname.startsWith('/chat/')) return file(res, url.pathname.slice(6))
  res.writeHead(404).end()
})

const sockets = new WebSocketServer({ noServer: true })
server.on('upgrade', (req, socket, head) => {
  const url = new URL(req.url, 'http://host')
  if (url.pathname !== '/chat/socket' || !faults.sockets) return socket.destroy()
  const v = tickets.get(url.searchParams.get('ticket'))
  tickets.delete(url.searchParams.get('ticket'))
  sockets.handleUpgrade(req, socket, head, (ws) => {
    if (!v) return ws.close(3101, 'ticket')
    v.sockets.add(ws)
    ws.on('message', (data) => take(v, JSON.parse(data.toString()), (f) => ws.send(JSON.stringify(f)), ws))
    ws.on('close', () => v.sockets.delete(ws))
  })
})

server.listen(port, () => console.log(`http://localhost:${port}/`))
