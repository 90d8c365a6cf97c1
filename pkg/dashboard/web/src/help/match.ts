import type { ConfiguredJob, Plugin, PluginCommand } from '../api/schema'

/** Command is a command with the plugin that knows it. */
export interface Command extends PluginCommand {
  plugin: string
}

const has = (q: string, ...texts: (string | undefined)[]) => texts.some((text) => text?.toLowerCase().includes(q.toLowerCase()))

export function commandsOf(plugins: Plugin[], q: string): Command[] {
  return plugins
    .flatMap((plugin) => plugin.commands.map((command) => ({ ...command, plugin: plugin.name })))
    .filter((c) => has(q, c.usage, c.description, c.plugin, c.who))
    .sort((a, b) => a.usage.localeCompare(b.usage))
}

export function pluginsMatching(plugins: Plugin[], q: string): Plugin[] {
  return plugins.filter((p) => has(q, p.name, p.help, ...p.repos))
}

export function jobsMatching(jobs: ConfiguredJob[], q: string): ConfiguredJob[] {
  return jobs.filter((j) => has(q, j.name, j.repo, j.when, j.type, j.rerunCommand))
}
