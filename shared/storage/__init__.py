"""Everything the loop keeps: rows, log, models, configuration, state. The only room that speaks to Azure Storage."""
