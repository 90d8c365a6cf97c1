import type { LogLine, Step, StepLine } from '../api/schema'
import { LineCache } from './cache'
import { Folds } from './folds'
import { type Group, groupsOf, hiddenBy, markerOf, markerPattern, withGroup, within } from './groups'
import { Layout } from './layout'
import { Loader, type Range } from './loader'
import type { Source } from './source'

/** keyOf is the name of a step in addresses: "task/step". */
export function keyOf(step: { task: string; step: string }): string {
  return `${step.task}/${step.step}`
}

/** Larger logs are not searched for groups on their own; theirs fold when a reader folds them. */
const indexedBytes = 32 << 20
const indexedGroups = 10_000

/** StepLog is what is known of one step's log. */
class StepLog {
  readonly cache = new LineCache()
  open = false
  /** The page opened it, not the reader; the page may close it. */
  byItself = false
  /** Lines were read, or came, so that a total of 0 means none. */
  read = false
  live = false
  indexed = false
  groups: Group[] = []
  /** Lines that somebody asked for last. */
  wanted: number[] = []
  incomplete?: string
  fault?: string
  private liveGroup?: StepLine
  private folds?: Folds

  constructor(public step: Step) {}

  fold(): Folds {
    this.folds ??= new Folds(this.cache.total, hiddenBy(this.groups))
    return this.folds
  }

  /** changed forgets what was derived. */
  changed() {
    this.folds = undefined
  }

  setGroups(groups: Group[]) {
    this.groups = groups
    this.changed()
  }

  /** follow keeps the groups whose both ends came while the page was open. */
  follow(line: StepLine) {
    const marker = markerOf(line.text)
    if (!marker) return
    if (this.liveGroup) {
      const [group] = groupsOf([this.liveGroup, line], line.number)
      if (group) this.setGroups(withGroup(this.groups, { ...group, folded: false }))
    }
    this.liveGroup = marker === 'end' ? undefined : line
  }

  notes(): string[] {
    const notes: string[] = []
    const { step } = this
    if (this.cache.total === 0) notes.push(nothing(step, this.read))
    if (this.fault) notes.push(`The log cannot be read at the moment: ${this.fault}`)
    const gap = this.incomplete ?? step.incomplete
    if (gap) notes.push(`Lines may be missing: ${gap}`)
    return notes
  }
}

function nothing(step: Step, read: boolean): string {
  if (step.state === 'waiting') return 'It has not begun.'
  if (step.state === 'skipped') return step.message || 'It was skipped.'
  if (step.state === 'running') return 'It has printed nothing yet.'
  return read ? 'It printed nothing.' : 'Loading…'
}

/** What a row shows. A line that begins a group has it, or "unknown" where the group's end is not known yet. */
export type Row =
  | { kind: 'head'; key: string }
  | { kind: 'line'; key: string; number: number; line: StepLine | undefined; group?: Group | 'unknown'; inside: boolean }
  | { kind: 'note'; key: string; text: string }

/**
 * LogStore holds the log of a run as far as it was read, and which steps and groups are open. It tells its listeners of
 * changes once per frame at most, however many lines come.
 */
export class LogStore {
  private readonly logs = new Map<string, StepLog>()
  private readonly listeners = new Set<() => void>()
  private readonly loader: Loader
  private laidOut?: Layout
  private count = 0
  private due = false
  /** What the server tells of a fault, until lines come again. */
  trouble?: string

  constructor(
    readonly source: Source,
    private readonly frame: (run: () => void) => void = (run) => void requestAnimationFrame(run),
  ) {
    this.loader = new Loader(source, {
      missing: ({ step, first, last }) => this.missing(step, first, last),
      loaded: (step, lines) => {
        const log = this.logs.get(step)
        if (!log) return
        log.cache.total = Math.max(log.cache.total, lines.total)
        log.cache.put(lines.lines)
        Object.assign(log, { read: true, incomplete: lines.incomplete, fault: undefined })
        this.changed(log)
      },
      failed: (step, error) => {
        const log = this.logs.get(step)
        if (!log) return
        log.fault = error instanceof Error ? error.message : String(error)
        this.changed(log)
      },
    })
  }

  subscribe = (listener: () => void) => {
    this.listeners.add(listener)
    return () => {
      this.listeners.delete(listener)
      if (this.listeners.size === 0) this.loader.stop()
    }
  }

  version = () => this.count

  get steps(): Step[] {
    return [...this.logs.values()].map((log) => log.step)
  }

  step(key: string): Step | undefined {
    return this.logs.get(key)?.step
  }

  setSteps(steps: Step[]) {
    const known = new Map(this.logs)
    this.logs.clear()
    for (const step of steps) {
      const log = known.get(keyOf(step)) ?? new StepLog(step)
      log.step = step
      log.cache.total = Math.max(log.cache.total, step.lines ?? 0)
      this.logs.set(keyOf(step), log)
      log.changed()
    }
    this.changed()
  }

  /** add takes a line that was just printed. */
  add({ task, step, ...line }: LogLine) {
    let log = this.logs.get(`${task}/${step}`)
    if (!log) {
      log = new StepLog({ task, step, kind: 'step', state: 'running', started: line.time })
      this.logs.set(`${task}/${step}`, log)
    }
    log.cache.put([line])
    log.read = log.live = true
    log.follow(line)
    this.trouble = undefined
    this.changed(log)
  }

  setTrouble(text: string) {
    this.trouble = text
    this.changed()
  }

  isOpen(key: string): boolean {
    return this.logs.get(key)?.open ?? false
  }

  total(key: string): number {
    return this.logs.get(key)?.cache.total ?? 0
  }

  line(key: string, number: number): StepLine | undefined {
    return this.logs.get(key)?.cache.get(number)
  }

  /** open opens a step; one that the page opened by itself, it may close when the step succeeded. */
  open(key: string, byItself = false) {
    const log = this.logs.get(key)
    if (!log) return
    if (!byItself) log.byItself = false
    if (log.open) return
    Object.assign(log, { open: true, byItself })
    void this.index(key)
    this.changed(log)
  }

  close(key: string, onlyByItself = false) {
    const log = this.logs.get(key)
    if (!log?.open || (onlyByItself && !log.byItself)) return
    log.open = false
    this.changed(log)
  }

  /** reveal makes sure that lines have rows: their step is open, and so are the groups around the first and the last. */
  reveal(key: string, first: number, last = first) {
    this.open(key)
    const log = this.logs.get(key)
    if (log) log.wanted = [first, last]
    this.unfold(key)
  }

  /** unfold opens the groups around lines that somebody asked for, also when the groups become known later. */
  private unfold(key: string) {
    const log = this.logs.get(key)
    for (const line of log?.wanted ?? []) {
      const group = within(log?.groups ?? [], line)
      if (log && group?.folded && line > group.first) {
        log.setGroups(withGroup(log.groups, { ...group, folded: false }))
        this.changed(log)
      }
    }
  }

  /** toggleGroup folds or unfolds the group that begins at a line; a group whose end is not known is looked up. */
  async toggleGroup(key: string, first: number) {
    const log = this.logs.get(key)
    if (!log) return
    const known = within(log.groups, first)
    const group = known ? { ...known, folded: !known.folded } : await this.groupAt(key, first)
    if (!group) return
    log.setGroups(withGroup(log.groups, group))
    this.changed(log)
  }

  layout(): Layout {
    this.laidOut ??= new Layout(
      [...this.logs].map(([key, log]) => ({ key, rows: log.open ? log.fold().rows + log.notes().length : 0 })),
    )
    return this.laidOut
  }

  /** row is what stands in a row of the layout. */
  row(number: number): Row | undefined {
    const place = this.layout().locate(number)
    const log = place && this.logs.get(place.key)
    if (!log) return undefined
    const { key, index } = place
    if (index < 0) return { kind: 'head', key }
    const folds = log.fold()
    if (index >= folds.rows) return { kind: 'note', key, text: log.notes()[index - folds.rows] ?? '' }
    const line = folds.lineOf(index)
    const around = within(log.groups, line)
    const text = log.cache.get(line)
    const group = around?.first === line ? around : text && !around && isStart(text.text) ? 'unknown' : undefined
    return { kind: 'line', key, number: line, line: text, group, inside: Boolean(around && around.first !== line) }
  }

  /** rowOf is the row of a line, of a step's head for line 0, or undefined for a step that is not there. */
  rowOf(key: string, line: number): number | undefined {
    const log = this.logs.get(key)
    if (!log) return undefined
    return this.layout().rowOf(key, line < 1 ? -1 : log.fold().rowOf(line))
  }

  /** lastRow is the last row of a step. */
  lastRow(key: string): number | undefined {
    return this.layout().rowOf(key, Infinity)
  }

  /** want says which lines are shown, or will be soon. Steps whose number of lines is unknown are read from their start. */
  want(ranges: Range[]) {
    for (const { step, first, last } of ranges) this.logs.get(step)?.cache.use(first, last)
    this.loader.want(ranges)
  }

  private missing(key: string, first: number, last: number): [number, number] | undefined {
    const log = this.logs.get(key)
    if (!log) return undefined
    if (log.cache.total === 0 && !log.read && log.step.state !== 'waiting' && log.step.state !== 'skipped') return [1, 500]
    return log.cache.missing(first, last)
  }

  private async index(key: string) {
    const log = this.logs.get(key)
    if (!log || log.indexed || log.live || log.step.state === 'running' || log.step.state === 'waiting') return
    log.indexed = true
    if (!log.step.lines || (log.step.bytes ?? Infinity) > indexedBytes) return
    try {
      const markers: StepLine[] = []
      for (let from: number | undefined = 1; from && markers.length < indexedGroups; ) {
        const page = await this.source.search(key, markerPattern, from, 1000)
        markers.push(...page.matches)
        from = page.next
      }
      const folded = new Map(log.groups.map((g) => [g.first, g.folded]))
      log.setGroups(groupsOf(markers, log.cache.total).map((g) => ({ ...g, folded: folded.get(g.first) ?? g.folded })))
      this.changed(log)
      this.unfold(key)
    } catch {
      log.indexed = false // groups fold one by one
    }
  }

  private async groupAt(key: string, first: number): Promise<Group | undefined> {
    const start = this.line(key, first)
    if (!start) return undefined
    try {
      const page = await this.source.search(key, markerPattern, first + 1, 1)
      const [group] = groupsOf([start, ...page.matches], this.total(key))
      return group && { ...group, folded: true }
    } catch {
      return undefined // it stays open
    }
  }

  private changed(log?: StepLog) {
    log?.changed()
    this.laidOut = undefined
    if (this.due) return
    this.due = true
    this.frame(() => {
      this.due = false
      this.count++
      for (const listener of this.listeners) listener()
    })
  }
}

function isStart(text: string): boolean {
  const marker = markerOf(text)
  return marker !== undefined && marker !== 'end'
}
