using '../../../infra/main.bicep'

// What a first `azd up` asks for, and nothing else.
param environmentName = 'shop'
param location = 'westeurope'
