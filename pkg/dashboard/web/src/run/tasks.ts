import type { Task } from '../api/schema'
import { hashOf } from '../log/place'
import { runPath } from '../ui/links'

/** taskHref leads to the log of a task; it is undefined for a task that has none. */
export function taskHref(run: string, task: Task): string | undefined {
  const last = task.state === 'failure' || task.state === 'running' ? task.steps.at(-1) : task.steps[0]
  return last && runPath(run) + hashOf({ step: last, first: 0, last: 0 })
}

/** taskNote says why a task did not run or failed, or on what it depends. */
export function taskNote(task: Task): string {
  if (task.skipped) return task.skipped
  if (task.message && task.state !== 'success') return task.message
  if (task.state === 'waiting' && task.when?.length) return `only when ${task.when.join(' and ')}`
  return ''
}

/** sizeOf is the size of a task's node in px; names that are longer are cut. */
export function sizeOf(task: Task): { width: number; height: number } {
  return { width: Math.min(Math.max(task.name.length * 7.6 + 118, 170), 330), height: 40 }
}
