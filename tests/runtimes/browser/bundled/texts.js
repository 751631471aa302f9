// An app that reads models without texts: the optional packages are not installed.
import { loadModel } from 'heed/pretrained';

globalThis.loadModel = loadModel;
