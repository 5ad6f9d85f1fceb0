/** What can be put into JSON. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

export type TaskKind = 'run' | 'chunk'

/** What an engine delivers, described by ids alone: no row, no secret. */
export interface Task {
  /** Begins with its run and a slash. Of one id only one task is ever delivered, however often it is handed over. */
  readonly id: string
  readonly kind: TaskKind
  /** The run that it belongs to: its tasks are cancelled together. */
  readonly run: string
  readonly data: Readonly<Record<string, Json>>
  /** Only workers of this label take it. Default: those without one. */
  readonly label?: string
  /** At most so many tasks at a time, over all workers, that name the same limit. */
  readonly limits?: Readonly<Record<string, number>>
}

/** What a handler is told beside the task. */
export interface Delivery {
  /** Aborts where the task was cancelled, or given to somebody else, or the worker is to leave. */
  readonly signal: AbortSignal
  /** 1-based; grows with every delivery of the task, so that a later one can fence an earlier one. */
  readonly attempt: number
}

/**
 * Does a task. What it throws with `kind: transient` or `interrupted` is delivered again, after a while; anything else is
 * the end of the task. What it returns is JSON where another process waits for it.
 */
export type Handler = (task: Task, delivery: Delivery) => Promise<unknown>

export type Handlers = Readonly<Partial<Record<TaskKind, Handler>>>

/** Has tasks done, here or elsewhere. An engine only delivers: what is done and what may be done next it does not know. */
export interface Engine {
  /**
   * Hands a task over and waits for its end: resolves to what its handler gave, rejects with what it threw, or with E561
   * where nobody finished it. Aborted, the task is cancelled, and this rejects with E515.
   */
  execute(task: Task, signal: AbortSignal): Promise<unknown>
  close(): Promise<void>
}

/** Where an engine that calls its workers finds them. */
export interface Reach {
  /** What this process listens on. Default: every address of the machine. */
  readonly host?: string
  readonly port: number
  /** The address that the engine calls: of a balancer, where there is more than one worker. */
  readonly advertise: string
  /** Only an engine that signs by one of these public keys is answered. Default: any. */
  readonly keys?: readonly string[]
}

export interface ServeOptions {
  /** Tasks of each kind at a time. */
  readonly concurrency: Readonly<Record<TaskKind, number>>
  readonly label?: string
  /** Needed by engines that call their workers; others are asked by them. */
  readonly reach?: Reach
}

/** A worker at work. */
export interface Served {
  /** Takes nothing more; resolves when what it has in work is done, or handed back where `signal` of a delivery aborted. */
  drain(): Promise<void>
}

export type TaskState = 'waiting' | 'active' | 'done' | 'failed' | 'cancelled'

export interface TaskStatus {
  readonly id: string
  readonly kind: TaskKind
  readonly run: string
  readonly state: TaskState
  readonly attempt: number
  /** What was handed over; of a chunk it may be empty. */
  readonly data: Readonly<Record<string, Json>>
  /** ISO UTC. */
  readonly createdAt: string
}

/** What an engine says of itself, for people. */
export interface EngineFacts {
  readonly label: string
  readonly version: string
  readonly waiting: number
  readonly active: number
  readonly failed: number
}

/** An engine whose workers are other processes: runs are handed over to it, watched and cancelled. */
export interface RemoteEngine extends Engine {
  /** Hands a task over, and does not wait. */
  submit(task: Task): Promise<void>
  /** Waits for the end of a task that was handed over, as {@link Engine.execute} does; aborted, it only stops waiting. */
  ended(task: Pick<Task, 'id' | 'kind' | 'label'>, signal: AbortSignal): Promise<unknown>
  /** Cancels what is left of a run's tasks; gives their number. */
  cancel(run: string): Promise<number>
  /** The tasks of a kind, oldest first; of one run, or of all. */
  tasks(kind: TaskKind, run?: string): Promise<readonly TaskStatus[]>
  /** Keeps lines for whoever watches the run. */
  tell(run: string, lines: readonly string[]): Promise<void>
  /** The lines after the `after`-th, in order, at most a few hundred. */
  told(run: string, after: number): Promise<readonly { readonly seq: number; readonly line: string }[]>
  serve(handlers: Handlers, options: ServeOptions): Promise<Served>
  facts(): Promise<EngineFacts>
}
