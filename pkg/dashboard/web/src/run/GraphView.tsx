import {
  action,
  type ComponentFactory,
  createTopologyControlButtons,
  DEFAULT_EDGE_TYPE,
  DEFAULT_FINALLY_NODE_TYPE,
  DEFAULT_SPACER_NODE_TYPE,
  DEFAULT_TASK_NODE_TYPE,
  defaultControlButtonsOptions,
  getEdgesFromNodes,
  getSpacerNodes,
  GRAPH_LAYOUT_END_EVENT,
  GraphComponent,
  ModelKind,
  PipelineDagreLayout,
  type PipelineNodeModel,
  SpacerNode,
  TaskEdge,
  TopologyControlBar,
  TopologyView,
  Visualization,
  VisualizationProvider,
  VisualizationSurface,
  withPanZoom,
} from '@patternfly/react-topology'
import { useEffect, useMemo } from 'react'
import type { Task } from '../api/schema'
import { TaskNode } from './TaskNode'
import { sizeOf } from './tasks'

/** Room around the graph in px. */
const margin = 40

const Surface = withPanZoom()(GraphComponent)

const components: ComponentFactory = (kind, type) => {
  if (kind === ModelKind.graph) return Surface
  switch (type) {
    case DEFAULT_TASK_NODE_TYPE:
    case DEFAULT_FINALLY_NODE_TYPE:
      return TaskNode
    case DEFAULT_SPACER_NODE_TYPE:
      return SpacerNode
    default:
      return TaskEdge
  }
}

/** fit shows all of the graph, and no node larger than it is. */
const fit = action((controller: Visualization) => {
  const graph = controller.getGraph()
  graph.fit(margin)
  if (graph.getScale() <= 1) return
  graph.scaleBy(1 / graph.getScale())
})

function newController(): Visualization {
  const controller = new Visualization()
  controller.registerComponentFactory(components)
  controller.registerLayoutFactory((_, graph) => new PipelineDagreLayout(graph, { nodesep: 24, ranksep: 56, ignoreGroups: true }))
  controller.addEventListener(GRAPH_LAYOUT_END_EVENT, () => fit(controller))
  return controller
}

/** GraphView draws the tasks in their order. The picture moves only when tasks come or go, not when states change. */
export function GraphView({ run, tasks }: { run: string; tasks: Task[] }) {
  const shape = tasks.map((t) => `${t.name}<${t.runAfter.join(',')}`).join(' ')
  const controller = useMemo(() => {
    const made = newController()
    made.fromModel({ graph: { id: 'tasks', type: 'graph', layout: 'tasks' }, ...modelOf(run, tasks) }, false)
    return made
    // Only another shape needs another picture.
  }, [run, shape])
  // The surface has its size by now.
  useEffect(() => action(() => controller.getGraph().layout())(), [controller])
  useEffect(() => {
    action(() => {
      for (const task of tasks) controller.getNodeById(task.name)?.setData({ task, run })
    })()
  }, [controller, run, tasks])
  const zoom = (by: number) => action(() => controller.getGraph().scaleBy(by))
  const buttons = createTopologyControlButtons({
    ...defaultControlButtonsOptions,
    zoomInCallback: zoom(4 / 3),
    zoomOutCallback: zoom(3 / 4),
    fitToScreenCallback: () => fit(controller),
    resetView: false,
    legend: false,
  })
  return (
    <section className="card graph" aria-label="Graph of the tasks">
      <TopologyView controlBar={<TopologyControlBar controlButtons={buttons} />}>
        <VisualizationProvider controller={controller}>
          <VisualizationSurface key={shape} />
        </VisualizationProvider>
      </TopologyView>
    </section>
  )
}

function modelOf(run: string, tasks: Task[]) {
  const nodes: PipelineNodeModel[] = tasks.map((task) => ({
    id: task.name,
    type: task.finally ? DEFAULT_FINALLY_NODE_TYPE : DEFAULT_TASK_NODE_TYPE,
    label: task.name,
    runAfterTasks: task.runAfter,
    data: { task, run },
    ...sizeOf(task),
  }))
  nodes.push(...getSpacerNodes(nodes))
  return { nodes, edges: getEdgesFromNodes(nodes, DEFAULT_SPACER_NODE_TYPE, DEFAULT_EDGE_TYPE) }
}
