"""What every other part needs: settings, database, models, security, dependencies."""
