import { wordOf } from '../ui/state'
import type { FilterKey } from './filter'

/** Suggestion is a line of the list below the filter's input. */
export interface Suggestion {
  field: FilterKey
  /** Without a value it only completes the field's name. */
  value?: string
  text: string
  hint?: string
}

/** Fields that can be typed, by the names that people type. */
const typed: { word: string; field: FilterKey }[] = [
  { word: 'job', field: 'job' },
  { word: 'repository', field: 'repo' },
  { word: 'state', field: 'state' },
  { word: 'pull', field: 'pull' },
  { word: 'author', field: 'author' },
  { word: 'type', field: 'type' },
  { word: 'commit', field: 'sha' },
  { word: 'connection', field: 'connection' },
]

const wordFor = (field: FilterKey) => typed.find((t) => t.field === field)?.word ?? field

const fixed: Partial<Record<FilterKey, string[]>> = {
  state: ['failure', 'error', 'aborted', 'success', 'pending', 'triggered', 'scheduling'],
  type: ['presubmit', 'postsubmit', 'periodic', 'batch'],
}

/** parse splits "job: unit" into the field and the text; without a known field all is text. */
export function parse(input: string): { field?: FilterKey; text: string } {
  const at = input.indexOf(':')
  const word = input.slice(0, Math.max(at, 0)).trim().toLowerCase()
  const found = word && typed.find((t) => t.word.startsWith(word) || t.field === word)
  if (!found) return { text: input.trim() }
  return { field: found.field, text: input.slice(at + 1).trim() }
}

/** asked is the field whose values the server must be asked for, if any. */
export function asked(input: string): 'connection' | 'repo' | 'job' | 'author' | undefined {
  const { field, text } = parse(input)
  if (field === 'connection' || field === 'repo' || field === 'job' || field === 'author') return field
  return !field && text !== '' ? 'job' : undefined
}

/** suggest lists what an input may mean, given the values that the server knows for the field it asks for. */
export function suggest(input: string, values: string[]): Suggestion[] {
  const { field, text } = parse(input)
  if (field) return inField(field, text, values)
  if (text === '') return typed.map(({ word, field }) => ({ field, text: `${word}:`, hint: hints[field] }))
  const found: Suggestion[] = []
  if (/^#?\d{1,9}$/.test(text)) found.push(exact('pull', text.replace('#', '')))
  if (/^([0-9a-f]{40}|[0-9a-f]{64})$/i.test(text)) found.push(exact('sha', text.toLowerCase()))
  const low = text.toLowerCase()
  for (const t of typed) if (t.word.startsWith(low)) found.push({ field: t.field, text: `${t.word}:`, hint: hints[t.field] })
  for (const state of fixed.state ?? []) if (wordOf(state).startsWith(low)) found.push(exact('state', state))
  found.push({ field: 'job', value: text.includes('*') ? text : `*${text}*`, text: `job: *${text}*`, hint: 'jobs with this in their name' })
  for (const value of values.slice(0, 8)) found.push(exact('job', value))
  return found
}

const hints: Partial<Record<FilterKey, string>> = {
  job: 'name, * for any text',
  repo: 'org/name',
  pull: 'number',
  sha: 'whole id',
}

function exact(field: FilterKey, value: string): Suggestion {
  const shown = field === 'state' ? wordOf(value) : value
  return { field, value, text: `${wordFor(field)}: ${shown}` }
}

function inField(field: FilterKey, text: string, values: string[]): Suggestion[] {
  const low = text.toLowerCase()
  const known = fixed[field]
  if (known) return known.filter((v) => v.includes(low) || wordOf(v).includes(low)).map((v) => exact(field, v))
  const found = values.map((v) => exact(field, v))
  if (text !== '' && !values.includes(text)) found.unshift(exact(field, field === 'pull' ? text.replace('#', '') : text))
  return found
}

/** chipText is how a filter is shown beside the input. */
export function chipText(key: FilterKey, value: string): string {
  return key === 'state' ? wordOf(value) : key === 'pull' ? `#${value}` : key === 'sha' ? value.slice(0, 10) : value
}

