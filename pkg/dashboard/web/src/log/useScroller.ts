import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { type Anchor, anchorAt, type Window, windowOf } from './anchor'
import { lineHeight } from './layout'
import { Scale } from './scale'
import type { LogStore } from './store'

/** After so many ms without scrolling, the scroll bar goes to where it belongs. */
const rest = 160

export interface Scroller {
  box: RefObject<HTMLDivElement | null>
  rows: RefObject<HTMLDivElement | null>
  onScroll: () => void
  /** The part to render, and the size of what is around it in px. */
  window: Window
  element: number
  view: { width: number; height: number }
  /** The row at the top of the view, and its step; they may be a little behind. */
  topRow: number
  topStep: string | undefined
  /** to shows an anchor. */
  to: (anchor: Anchor) => void
}

interface ScrollerOptions {
  store: LogStore
  version: number
  wrap: boolean
  start: Anchor
  /** Told when the reader scrolls, with whether the last row of the log is seen. */
  onMoved: (up: boolean, atEnd: boolean) => void
}

/**
 * useScroller shows a window of rows in a box that scrolls. Where the content fits into an element and lines are not
 * wrapped, the scroll bar says exactly what is seen. Else the box scrolls by what the reader moved: a wheel or a key by px,
 * the bar by the share of the log; the bar follows when the reader rests.
 */
export function useScroller({ store, version, wrap, start, onMoved }: ScrollerOptions): Scroller {
  const box = useRef<HTMLDivElement>(null)
  const rows = useRef<HTMLDivElement>(null)
  const [anchor, setAnchor] = useState<Anchor>(start)
  const [topRow, setTopRow] = useState(0)
  const view = useSize(box)
  const layout = store.layout()
  const exact = !wrap && layout.height <= new Scale(layout.height, view.height).element
  const slack = exact ? 0 : view.height
  const scale = new Scale(layout.height, view.height)
  const element = scale.element + 2 * slack
  const window = windowOf(store, anchor, view.height)
  /** What handlers need of the last render. */
  const now = useRef({ window, scale, slack, exact, y: 0, last: 0, far: false, dragging: false, timer: 0 })
  Object.assign(now.current, { window, scale, slack, exact })

  const place = useCallback(() => {
    const s = now.current
    for (let row = s.window.first; row <= s.window.last; row++) {
      const child = rows.current?.children[row - s.window.first] as HTMLElement | undefined
      if (child && child.offsetTop + child.offsetHeight > s.y) return { row, offset: s.y - child.offsetTop }
    }
    return { row: s.window.last, offset: 0 }
  }, [])

  const edges = useCallback(() => {
    const s = now.current
    const height = rows.current?.offsetHeight ?? 0
    const seen = box.current?.clientHeight ?? 0
    return { start: s.window.first === 0 && s.y <= 1, end: s.window.last >= store.layout().rows - 1 && s.y >= height - seen - 1 }
  }, [store])

  /** The scroll bar goes to where the rows are. */
  const align = useCallback(() => {
    const s = now.current
    const el = box.current
    if (!el) return
    clearTimeout(s.timer)
    s.timer = 0
    const { row, offset } = place()
    const { start, end } = edges()
    const max = el.scrollHeight - el.clientHeight
    const middle = s.slack + s.scale.scrollTop(store.layout().topOf(row) + offset)
    const target = start ? 0 : end ? max : middle
    if (Math.abs(el.scrollTop - target) >= 1) el.scrollTop = target
    s.last = el.scrollTop
  }, [store, place, edges])

  useLayoutEffect(() => {
    const s = now.current
    const el = rows.current
    const child = el?.children[window.row - window.first] as HTMLElement | undefined
    if (!el || !child) return
    const bottom = 'end' in anchor
    let y = bottom ? child.offsetTop + child.offsetHeight - view.height : child.offsetTop + anchor.offset
    if (window.last >= store.layout().rows - 1) y = Math.min(y, el.offsetHeight - view.height)
    if (window.first === 0) y = Math.max(y, 0)
    s.y = Math.round(y)
    el.style.transform = `translateY(${-s.y}px)`
    setTopRow(place().row)
    if (!s.timer && !s.dragging) align()
  }, [anchor, version, wrap, view, window.first, window.last, window.row, store, place, align])

  const moveTo = useCallback(
    (px: number) => {
      const found = store.layout().rowAt(px)
      setAnchor(anchorAt(store, found.row, found.offset))
    },
    [store],
  )

  const moveBy = useCallback(
    (delta: number) => {
      const s = now.current
      const here = place()
      const y = s.y + delta
      const children = [...(rows.current?.children ?? [])] as HTMLElement[]
      const index = children.findIndex((c) => c.offsetTop <= y && c.offsetTop + c.offsetHeight > y)
      const child = children[index]
      if (child) setAnchor(anchorAt(store, s.window.first + index, y - child.offsetTop))
      else moveTo(Math.max(store.layout().topOf(here.row) + here.offset + delta, 0))
    },
    [store, place, moveTo],
  )

  const settle = useCallback(() => {
    now.current.far = false
    now.current.timer = 0
    if (!now.current.dragging) align()
  }, [align])

  const onScroll = useCallback(() => {
    const s = now.current
    const el = box.current
    if (!el) return
    const delta = el.scrollTop - s.last
    if (Math.abs(delta) < 1) return
    s.last = el.scrollTop
    const max = el.scrollHeight - el.clientHeight
    // The Home key glides: its last moves are small, and belong to the large ones before.
    s.far = s.far || s.dragging || Math.abs(delta) > 2 * view.height
    if (s.exact) moveTo(el.scrollTop)
    else if (!s.far) moveBy(delta)
    else if (el.scrollTop >= max - s.slack) moveTo(store.layout().height)
    else moveTo(s.scale.contentTop(el.scrollTop - s.slack))
    clearTimeout(s.timer)
    const edge = !s.far && (el.scrollTop <= 1 || el.scrollTop >= max - 1)
    s.timer = setTimeout(settle, edge ? 0 : rest) as unknown as number
    onMoved(delta < 0, el.scrollTop >= max - lineHeight)
  }, [store, view.height, moveTo, moveBy, settle, onMoved])

  useDragging(box, now.current)
  useEffect(() => () => clearTimeout(now.current.timer), [])
  return { box, rows, onScroll, window, element, view, topRow, topStep: store.row(topRow)?.key, to: setAnchor }
}

/** The scroll bar has the pointer from a press beside the content to the next sign of anything else. */
function useDragging(box: RefObject<HTMLDivElement | null>, state: { dragging: boolean }) {
  useEffect(() => {
    const el = box.current
    if (!el) return
    const press = (e: PointerEvent) => {
      state.dragging = e.target === el && e.pointerType === 'mouse' && e.offsetX >= el.clientWidth
    }
    const other = () => {
      state.dragging = false
    }
    el.addEventListener('pointerdown', press)
    for (const kind of ['wheel', 'keydown', 'touchstart', 'pointerup'] as const) addEventListener(kind, other, { passive: true })
    return () => {
      el.removeEventListener('pointerdown', press)
      for (const kind of ['wheel', 'keydown', 'touchstart', 'pointerup'] as const) removeEventListener(kind, other)
    }
  }, [box, state])
}

function useSize(box: RefObject<HTMLDivElement | null>) {
  const [size, setSize] = useState({ width: 0, height: 600 })
  useLayoutEffect(() => {
    const el = box.current
    if (!el) return
    const look = () => setSize((was) => (was.width === el.clientWidth && was.height === el.clientHeight ? was : { width: el.clientWidth, height: el.clientHeight }))
    look()
    const observer = new ResizeObserver(look)
    observer.observe(el)
    return () => observer.disconnect()
  }, [box])
  return size
}
