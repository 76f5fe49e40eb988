"""PlanDefinition/$apply and ActivityDefinition/$apply: pure functions; the clock and all data are arguments."""
