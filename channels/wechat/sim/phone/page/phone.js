// The phone: draws what the simulator says, and tells it what the user does.
'use strict'

const $ = (id) => document.getElementById(id)
const user = new URLSearchParams(location.search).get('user') || ''
const query = user ? '?user=' + encodeURIComponent(user) : ''

/** Makes an element: properties, then children, which are elements or text. */
function make(tag, properties, ...children) {
  const e = Object.assign(document.createElement(tag), properties)
  e.append(...children.filter((c) => c !== null && c !== undefined))
  return e
}

function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use')
  use.setAttribute('href', '#i-' + name)
  svg.append(use)
  return svg
}

// What was last said.
let state = { account: {}, user: { quota: {} }, users: [] }
let clockOffset = 0

// --- talking to the simulator ---------------------------------------------------

async function post(path, body, type = 'application/json') {
  const reply = await fetch(path + query, { method: 'POST', body, headers: { 'Content-Type': type } })
  if (reply.ok) return
  const text = await reply.json().then((r) => r.error.text, () => '模拟器没有回应')
  throw new Error(text)
}

let toastTimer = 0
function toast(text) {
  $('toast').textContent = text
  $('toast').classList.add('on')
  clearTimeout(toastTimer)
  toastTimer = setTimeout(() => $('toast').classList.remove('on'), 3500)
}

const act = (wish) => post('act', JSON.stringify(wish)).catch((e) => toast(e.message))

const events = new EventSource('events' + query)
let fresh = true
events.onopen = () => { fresh = true; $('offline').hidden = true }
events.onerror = () => { $('offline').hidden = false }
events.onmessage = (e) => draw(JSON.parse(e.data))

// --- drawing --------------------------------------------------------------------

function draw(view) {
  if (fresh) {
    fresh = false
    $('talk').replaceChildren()
    for (const id of ['callbacks', 'calls']) for (const entry of $(id).querySelectorAll('.entry')) entry.remove()
    lastTime = 0
  }
  state = view
  clockOffset = Date.parse(view.now) - Date.now()
  drawAccount(view)
  drawTalk(view.shown || [])
  drawCallbacks(view.from.exchanges, view.exchanges || [])
  drawCalls(view.calls || [])
  drawMenu(view.account.menu || [])
  drawQuota()
}

const kinds = { service: '服务号', subscription: '订阅号', sandbox: '测试号' }

function drawAccount({ account, user: u }) {
  document.title = account.name + ' · 微信公众号模拟器'
  $('name').textContent = account.name
  $('profile-name').textContent = account.name
  $('profile-kind').textContent = kinds[account.kind] + ' · 模拟'
  $('seal').textContent = account.name.slice(0, 1)
  $('profile').hidden = u.following
  $('foot').hidden = !u.following
  drawTyping(u.typing)
  drawValues(account)
  drawForm(account)
}

let typingTimer = 0
function drawTyping(on) {
  $('typing').hidden = !on
  clearTimeout(typingTimer)
  if (on) typingTimer = setTimeout(() => { $('typing').hidden = true }, 15000)
}

function drawValues(account) {
  const modes = { plain: '明文模式', compatible: '兼容模式', safe: '安全模式' }
  const values = [
    ['接口地址', account.base], ['AppID', account.appid], ['AppSecret', account.secret], ['Token', account.token],
    ['EncodingAESKey', account.aeskey], ['原始 ID', account.original], ['加解密方式', modes[account.mode]], ['账号类型', kinds[account.kind]],
  ]
  const text = JSON.stringify(values)
  if ($('values').dataset.drawn === text) return
  $('values').dataset.drawn = text
  $('values').replaceChildren(...values.map(([name, value]) => {
    const copy = make('button', { type: 'button', textContent: '复制', onclick: () => navigator.clipboard.writeText(value).then(() => { copy.textContent = '已复制' }, () => toast('浏览器不允许复制，请手动选择')) })
    copy.setAttribute('aria-label', '复制 ' + name)
    return make('div', {}, make('dt', { textContent: name }), make('dd', { textContent: value }), copy)
  }))
}

// The form follows the settings until somebody edits it.
let edited = false
function drawForm(account) {
  if (edited) return
  $('callback').value = account.callback
  $('mode').value = account.mode
  $('kind').value = account.kind
}

const two = (n) => String(n).padStart(2, '0')
const hourMinute = (date) => two(date.getHours()) + ':' + two(date.getMinutes())
const exactly = (text) => { const d = new Date(text); return hourMinute(d) + ':' + two(d.getSeconds()) }

let lastTime = 0
function drawTalk(shown) {
  const talk = $('talk')
  const atEnd = talk.scrollHeight - talk.scrollTop - talk.clientHeight < 120
  for (const s of shown) {
    const at = Date.parse(s.at)
    if (at - lastTime > 5 * 60 * 1000) talk.append(make('p', { className: 'when', textContent: hourMinute(new Date(at)) }))
    lastTime = at
    talk.append(line(s))
  }
  const mine = shown.some((s) => s.from === 'user')
  if (shown.length && (atEnd || mine)) talk.scrollTop = talk.scrollHeight
}

const tags = { passive: '', customer: '客服消息', fault: '平台提示：账号没有给出有效的回复' }

function line(s) {
  const mine = s.from === 'user'
  const face = make('div', { className: 'face', textContent: mine ? '我' : state.account.name.slice(0, 1) })
  face.setAttribute('aria-hidden', 'true')
  const tag = tags[s.from] ? make('span', { className: 'tag', textContent: tags[s.from] }) : null
  return make('div', { className: 'line ' + s.from }, face, make('div', { className: 'body' }, ...content(s), tag))
}

/** The content of something shown, as elements. */
function content(s) {
  switch (s.kind) {
    case 'text': return [make('div', { className: 'bubble' }, ...(s.spans || [{ text: s.text }]).map(span))]
    case 'msgmenu': return [menuBubble(s.menu)]
    case 'image': return [picture(s.media)]
    case 'news': case 'link': return s.cards.map((c) => card(c, s.kind === 'news'))
    case 'voice': return [make('div', { className: 'bubble' }, make('div', { className: 'voice' }, icon('voice'), '语音'), s.text ? make('div', { className: 'small', textContent: '识别结果：' + s.text }) : null)]
    case 'location': return [make('div', { className: 'bubble place' }, icon('place'), s.text || '位置')]
    default: return [make('div', { className: 'bubble', textContent: '[' + s.kind + ']' })]
  }
}

const faces = { 微笑: '🙂', 撇嘴: '😕', 色: '😍', 得意: '😎', 流泪: '😢', 害羞: '😊', 发怒: '😠', 调皮: '😜', 呲牙: '😁', 惊讶: '😮', 难过: '🙁', 偷笑: '🤭', 愉快: '😊', 疑问: '🤔', 再见: '👋', 强: '👍', 弱: '👎', 握手: '🤝', 抱拳: '🙏', 玫瑰: '🌹', 爱心: '❤️', OK: '👌', 捂脸: '🤦', 奸笑: '😏', 耶: '✌️' }
const withFaces = (text) => text.replace(/\[([^\[\]]{1,4})\]/g, (all, name) => faces[name] || all)

function span(s) {
  if (s.item) return make('button', { type: 'button', className: 'tap', textContent: s.text, onclick: () => act({ act: 'tap', id: s.item.id, text: s.item.label }) })
  if (s.url) return outward(make('a', { textContent: s.text }), s.url)
  return withFaces(s.text)
}

/** Lets a link lead outside, if it is one to a page. */
function outward(a, address) {
  if (/^https?:\/\//i.test(address)) Object.assign(a, { href: address, target: '_blank', rel: 'noopener noreferrer' })
  return a
}

function menuBubble(menu) {
  const bubble = make('div', { className: 'bubble items' })
  if (menu.head) bubble.append(make('p', { textContent: withFaces(menu.head) }))
  for (const item of menu.items) bubble.append(make('button', { type: 'button', className: 'tap', textContent: item.label, onclick: () => act({ act: 'tap', id: item.id, text: item.label }) }))
  if (menu.tail) bubble.append(make('p', { textContent: withFaces(menu.tail) }))
  return bubble
}

function picture(id) {
  const address = 'media/' + encodeURIComponent(id)
  const image = make('img', { src: address, alt: '图片', onload: () => { const t = $('talk'); if (t.scrollHeight - t.scrollTop - t.clientHeight < 400) t.scrollTop = t.scrollHeight } })
  image.onerror = () => { image.replaceWith(make('div', { className: 'bubble small', textContent: '图片已过期（平台只保留 3 天）' })) }
  return make('button', { type: 'button', className: 'picture', title: '看大图', onclick: () => { $('viewer-image').src = address; $('viewer').showModal() } }, image)
}

function card(c, withPicture) {
  const a = outward(make('a', { className: 'card' }), c.url)
  if (withPicture && /^https?:\/\//i.test(c.picture || '')) {
    const image = make('img', { src: c.picture, alt: '', referrerPolicy: 'no-referrer' })
    image.onerror = () => image.remove()
    a.append(image)
  }
  a.append(make('div', {}, make('strong', { textContent: c.title }), c.description ? make('span', { textContent: c.description }) : null))
  return a
}

// --- quota ----------------------------------------------------------------------

const why = { message: '用户发来消息：48 小时内 5 条', click: '点了菜单：1 分钟内 3 条', scan: '扫了二维码：1 分钟内 3 条', subscribe: '关注了公众号：1 分钟内 3 条', tap: '点了菜单消息：1 分钟内 3 条' }

function drawQuota() {
  const q = state.user.quota
  const left = q.granted ? Date.parse(q.until) - Date.now() - clockOffset : 0
  const usable = left > 0 && q.left > 0
  $('quota').classList.toggle('out', Boolean(q.granted) && !usable)
  $('dots').replaceChildren(...Array.from({ length: q.of || 5 }, (_, i) => make('i', { className: left > 0 && i < q.left ? 'on' : '' })))
  if (!q.granted) {
    $('quota-left').textContent = '没有客服消息额度'
    $('quota-why').textContent = '用户发消息、点菜单、关注或扫码后，平台才允许主动发送。'
    return
  }
  $('quota-left').textContent = left > 0 ? `剩 ${q.left}/${q.of} 条 · 剩 ${remaining(left)}` : '额度已过期'
  $('quota-why').textContent = '来自：' + (why[q.granted] || q.granted)
}

function remaining(ms) {
  const seconds = Math.ceil(ms / 1000)
  if (seconds < 120) return seconds + ' 秒'
  const minutes = Math.floor(seconds / 60)
  return minutes < 120 ? minutes + ' 分钟' : Math.floor(minutes / 60) + ' 小时'
}

setInterval(() => { drawQuota(); $('clock').textContent = hourMinute(new Date(Date.now() + clockOffset)) }, 1000)

// --- callbacks and calls ----------------------------------------------------------

/** The text of an element in the XML of a callback. */
function element(xml, name) {
  const found = xml.match(new RegExp('<' + name + '>(?:<!\\[CDATA\\[([\\s\\S]*?)\\]\\]>|([^<]*))</' + name + '>'))
  return found ? found[1] ?? found[2] : ''
}

const messageKinds = { text: '文字', image: '图片', voice: '语音', location: '位置', link: '链接' }
const eventKinds = { subscribe: '关注', unsubscribe: '取消关注', SCAN: '扫码', CLICK: '点菜单', VIEW: '打开网页', LOCATION: '上报位置' }

function drawCallbacks(from, exchanges) {
  const list = $('callbacks')
  const entries = new Map([...list.querySelectorAll('.entry')].map((e) => [Number(e.dataset.index), e]))
  exchanges.forEach((x, i) => {
    const entry = callback(x)
    const before = entries.get(from + i)
    entry.dataset.index = from + i
    if (before) {
      entry.open = before.open
      before.replaceWith(entry)
    } else {
      list.prepend(entry)
    }
  })
  const n = list.querySelectorAll('.entry').length
  $('n-callbacks').textContent = n
  list.querySelector('.empty').hidden = n > 0
}

function callback(x) {
  const event = element(x.raw, 'Event')
  const tapped = element(x.raw, 'bizmsgmenuid')
  const what = event ? eventKinds[event] || event : tapped ? '点选 ' + tapped : messageKinds[element(x.raw, 'MsgType')] || element(x.raw, 'MsgType')
  const about = element(x.raw, 'Content') || element(x.raw, 'EventKey') || element(x.raw, 'Recognition') || element(x.raw, 'Label') || element(x.raw, 'Title')
  const detail = make('div', { className: 'detail' }, block('回调 XML（解密后）', xml(x.raw)))
  x.attempts.forEach((a, i) => {
    detail.append(block(`第 ${i + 1} 次发送 · ${a.failure ? failure(a) : a.status + ' · ' + a.ms + ' 毫秒'}`, 'POST ' + a.url + '\n\n' + xml(a.body), a.failure !== ''))
    if (!a.failure) detail.append(block('收到的回复', a.answer === '' ? '（空）' : xml(a.answer)))
  })
  if (x.reply && x.reply !== x.attempts.at(-1).answer) detail.append(block('回复 XML（解密后）', xml(x.reply)))
  if (x.fault) detail.append(block('回复无效：' + x.fault, '用户看到：该公众号提供的服务出现故障，请稍后再试', true))
  return make('details', { className: 'entry' }, make('summary', {},
    make('time', { textContent: exactly(x.at) }), make('span', { className: 'what', textContent: what }),
    make('span', { className: 'about', textContent: about }), outcome(x)), detail)
}

const failure = (a) => a.failure === 'no answer in time' ? '5 秒内没有回复，已断开' : a.failure

function outcome(x) {
  const tries = x.attempts.length > 1 ? ` · 第 ${x.attempts.length} 次` : ''
  if (!x.over) return make('span', { className: 'chip wait', textContent: '等待回复' + tries })
  if (x.fault) return make('span', { className: 'chip bad', textContent: '故障' + tries })
  const ms = x.attempts.length ? x.attempts.at(-1).ms : 0
  return make('span', { className: 'chip', textContent: (x.reply ? '已回复' : 'success') + ` · ${ms} 毫秒` + tries })
}

function block(title, text, bad) {
  return make('div', {}, make('h4', {}, make('span', { className: bad ? 'bad' : '', textContent: title })), make('pre', { textContent: text }))
}

/** XML with each element on its own line. */
function xml(text) {
  let depth = 0
  const inside = (at) => text.lastIndexOf('<![CDATA[', at) > text.lastIndexOf(']]>', at)
  return text.replace(/([^\]])>\s*<(?!!)/g, (all, last, at) => inside(at) ? all : last + '>\n<')
    .split('\n').map((row) => {
      if (/^<\//.test(row)) depth = Math.max(0, depth - 1)
      const indented = '  '.repeat(depth) + row
      if (/^<[^!?\/][^>]*>$/.test(row) && !/\/>$/.test(row)) depth++
      return indented
    }).join('\n')
}

const apis = {
  '/cgi-bin/stable_token': '取稳定版凭证', '/cgi-bin/token': '取凭证', '/cgi-bin/message/custom/send': '发客服消息', '/cgi-bin/message/custom/typing': '输入状态',
  '/cgi-bin/media/upload': '上传素材', '/cgi-bin/media/get': '下载素材', '/cgi-bin/menu/create': '发布菜单', '/cgi-bin/menu/get': '查询菜单', '/cgi-bin/menu/delete': '删除菜单',
}

function drawCalls(calls) {
  const list = $('calls')
  for (const c of calls) {
    const chip = make('span', { className: 'chip' + (c.code ? ' bad' : ''), textContent: c.code ? String(c.code) : c.dropped ? '成功，连接已断' : '成功' })
    const detail = make('div', { className: 'detail' }, block('请求', c.api + '\n\n' + json(c.request || '')), block('结果', c.code + ' ' + c.text, c.code !== 0))
    list.prepend(make('details', { className: 'entry' }, make('summary', {},
      make('time', { textContent: exactly(c.at) }), make('span', { className: 'what', textContent: apis[c.api] || c.api }),
      make('span', { className: 'about', textContent: c.code ? c.text : summary(c.request || '') }), chip), detail))
  }
  const n = list.querySelectorAll('.entry').length
  $('n-calls').textContent = n
  list.querySelector('.empty').hidden = n > 0
}

function parsed(text) {
  try { return JSON.parse(text) } catch { return null }
}

const json = (text) => { const value = parsed(text); return value === null ? text : JSON.stringify(value, null, 2) }

function summary(text) {
  const m = parsed(text)
  if (!m) return text
  return m.text?.content ?? m.msgmenu?.head_content ?? m.command ?? m.news?.articles?.[0]?.title ?? m.msgtype ?? ''
}

// --- the menu of the account --------------------------------------------------------

function drawMenu(buttons) {
  const text = JSON.stringify(buttons)
  if ($('buttons').dataset.drawn === text) return
  const first = !$('buttons').dataset.drawn || $('buttons').dataset.drawn === '[]'
  $('buttons').dataset.drawn = text
  $('to-menu').hidden = buttons.length === 0
  $('buttons').replaceChildren(...buttons.map(menuButton))
  if (buttons.length === 0) showMenu(false)
  else if (first) showMenu(true)
}

function showMenu(on) {
  $('menu').hidden = !on
  $('compose').hidden = on
  showTray(false)
  closeSubs()
}

function menuButton(b) {
  const below = b.sub_button || []
  const button = make('button', { type: 'button', textContent: b.name })
  const cell = make('div', {}, button)
  if (below.length === 0) {
    button.onclick = () => press(b)
    return cell
  }
  button.className = 'has'
  button.setAttribute('aria-expanded', 'false')
  const sub = make('div', { className: 'sub', hidden: true }, ...below.map((s) => make('button', { type: 'button', textContent: s.name, onclick: () => { closeSubs(); press(s) } })))
  button.onclick = (e) => {
    e.stopPropagation()
    const open = sub.hidden
    closeSubs()
    sub.hidden = !open
    button.setAttribute('aria-expanded', String(open))
  }
  cell.append(sub)
  return cell
}

function closeSubs() {
  for (const sub of document.querySelectorAll('.sub')) sub.hidden = true
  for (const button of document.querySelectorAll('.buttons .has')) button.setAttribute('aria-expanded', 'false')
}

function press(b) {
  if (b.type !== 'view') return act({ act: 'click', key: b.key })
  if (/^https?:\/\//i.test(b.url)) window.open(b.url, '_blank', 'noopener')
  return act({ act: 'view', url: b.url })
}

document.addEventListener('click', closeSubs)
document.addEventListener('keydown', (e) => { if (e.key === 'Escape') closeSubs() })
$('to-menu').onclick = () => showMenu(true)
$('to-text').onclick = () => { showMenu(false); $('text').focus() }

// --- writing ------------------------------------------------------------------------

function resize() {
  const text = $('text')
  text.style.height = 'auto'
  text.style.height = Math.max(44, Math.min(120, text.scrollHeight + 2)) + 'px'
  const something = text.value.trim() !== ''
  $('send').hidden = !something
  $('plus').hidden = something
}

function say() {
  const text = $('text').value.trim()
  if (!text) return
  $('text').value = ''
  resize()
  act({ act: 'say', text })
}

$('text').oninput = resize
$('text').onkeydown = (e) => {
  if (e.key === 'Enter' && !e.shiftKey && !e.isComposing && e.keyCode !== 229) {
    e.preventDefault()
    say()
  }
}
$('text').onfocus = () => showTray(false)
$('send').onclick = () => { say(); $('text').focus() }

function showTray(on) {
  $('tray').hidden = !on
  $('plus').setAttribute('aria-expanded', String(on))
  if (on) $('talk').scrollTop = $('talk').scrollHeight
}
$('plus').onclick = () => showTray($('tray').hidden)

/** Asks for some fields; the promise is for their values, or nothing. */
function ask(title, ok, fields) {
  $('dialog-title').textContent = title
  $('dialog-ok').textContent = ok
  $('dialog-ok').hidden = false
  $('dialog-fields').replaceChildren(...fields.map(([name, label, value]) => make('label', {}, label, make('input', { name, value, autocomplete: 'off' }))))
  return opened().then((result) => result === 'ok' ? Object.fromEntries([...$('dialog-fields').querySelectorAll('input')].map((i) => [i.name, i.value])) : null)
}

function opened() {
  const dialog = $('dialog')
  dialog.returnValue = ''
  dialog.showModal()
  return new Promise((resolve) => dialog.addEventListener('close', () => resolve(dialog.returnValue), { once: true }))
}
$('dialog-cancel').onclick = () => $('dialog').close('')
$('dialog-ok').value = 'ok'
$('viewer').onclick = () => $('viewer').close()

const deeds = {
  picture: () => $('file').click(),
  again: () => act({ act: 'again' }),
  async voice() {
    const got = await ask('发一条语音', '发送', [['text', '语音识别结果（平台多半不给，留空）', '']])
    if (got) act({ act: 'voice', text: got.text })
  },
  async location() {
    const got = await ask('发送位置', '发送', [['text', '地点', '北京市东城区东长安街'], ['x', '纬度', '39.9087'], ['y', '经度', '116.3975']])
    if (got) act({ act: 'location', text: got.text, x: Number(got.x) || 0, y: Number(got.y) || 0 })
  },
  async link() {
    const got = await ask('分享链接', '发送', [['title', '标题', '一篇文章'], ['text', '摘要', ''], ['url', '网址', 'https://example.com/']])
    if (got) act({ act: 'link', title: got.title, text: got.text, url: got.url })
  },
  async scan() {
    const got = await ask('扫带参数的二维码', '扫一扫', [['key', '场景值', 'shop-1']])
    if (got) act({ act: 'scan', key: got.key })
  },
  async unknown() {
    const got = await ask('发一条未知类型的消息', '发送', [['key', 'MsgType', 'hologram']])
    if (got) act({ act: 'unknown', key: got.key })
  },
}
for (const button of document.querySelectorAll('[data-do]')) button.onclick = () => { showTray(false); deeds[button.dataset.do]() }

$('file').onchange = () => {
  const [file] = $('file').files
  $('file').value = ''
  if (file) post('picture', file, file.type || 'image/png').catch((e) => toast(e.message))
}

// --- following, users -----------------------------------------------------------------

$('follow').onclick = () => act({ act: 'follow' })
$('follow-scan').onclick = () => deeds.scan()

function choices(title, list) {
  $('dialog-title').textContent = title
  $('dialog-ok').hidden = true
  $('dialog-fields').replaceChildren(...list.map(([label, current, deed]) => {
    const b = make('button', { type: 'button', className: 'choice', textContent: label, onclick: () => { $('dialog').close(''); deed() } })
    if (current) b.setAttribute('aria-current', 'true')
    return b
  }))
  opened()
}

$('more').onclick = () => choices(state.account.name, state.user.following
  ? [['扫带参数的二维码', false, deeds.scan], ['换一个用户', false, $('who').onclick], ['取消关注', false, () => act({ act: 'unfollow' })]]
  : [['换一个用户', false, $('who').onclick]])

$('who').onclick = () => choices('换一个用户', [
  ...state.users.map((id) => [id, id === state.user.openid, () => { location.search = '?user=' + encodeURIComponent(id) }]),
  ['＋ 新用户', false, () => {
    let n = 1
    while (state.users.includes('o-visitor-' + n)) n++
    location.search = '?user=o-visitor-' + n
  }],
])

// --- the panel --------------------------------------------------------------------------

const tabs = ['callbacks', 'calls', 'setup']
function showTab(name, focus) {
  for (const id of tabs) {
    const tab = $('tab-' + id)
    tab.setAttribute('aria-selected', String(id === name))
    tab.tabIndex = id === name ? 0 : -1
    $(id).hidden = id !== name
    if (focus && id === name) tab.focus()
  }
}
for (const id of tabs) {
  $('tab-' + id).onclick = () => showTab(id)
  $('tab-' + id).onkeydown = (e) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key]
    if (step) showTab(tabs[(tabs.indexOf(id) + step + tabs.length) % tabs.length], true)
  }
}
$('open-panel').onclick = () => { $('panel').classList.add('open'); $('close-panel').focus() }
$('close-panel').onclick = () => { $('panel').classList.remove('open'); $('open-panel').focus() }

function note(id, text, bad) {
  $(id).textContent = text
  $(id).classList.toggle('bad', bad)
}

$('account').oninput = () => { edited = true }
$('account').onsubmit = (e) => {
  e.preventDefault()
  note('account-note', '正在验证…', false)
  post('account', JSON.stringify({ callback: $('callback').value, mode: $('mode').value, kind: $('kind').value })).then(
    () => { edited = false; note('account-note', '已验证并保存。', false) },
    (error) => note('account-note', error.message, true))
}

$('inject').onsubmit = (e) => {
  e.preventDefault()
  const form = new FormData($('inject'))
  post('act', JSON.stringify({ act: 'inject', api: form.get('api'), code: Number(form.get('code')) })).then(
    () => note('inject-note', '已设定：下一次调用会得到 ' + form.get('code') + '。', false),
    (error) => note('inject-note', error.message, true))
}
